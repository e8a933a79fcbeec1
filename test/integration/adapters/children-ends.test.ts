import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { identityOf } from '../../../script/supervisor/process-identity.ts';
import { restartPauseMs } from '../../../domain/adapter/child.ts';
import { groupRuns } from '../../../workers/children/group.ts';
import { createChildren } from '../../../workers/children/keep-children.ts';
import { eventually } from '../../support/eventually.ts';
import {
  CONTROL,
  record,
  folder,
  masterKey,
  commands,
  stop,
  noted,
  starts,
  put,
  standing,
  leaseOf,
  alive,
  entries,
} from '../../support/child-adapters.ts';

describe('a child process that ends', () => {
  it('is gone with all its processes, however little it wants to be', async () => {
    await put('stubborn', ['stubborn']);
    await alive('stubborn');
    const { pid, grandchild = 0 } = await eventually(async () => noted().find((note) => note.grandchild !== undefined));
    expect(groupRuns(pid)).toBe(true);
    await stop();
    expect(groupRuns(pid)).toBe(false);
    expect(identityOf(grandchild)).toBeUndefined();
    expect(await standing('stubborn')).toMatchObject({ lease_id: null });
  });

  it('is gone after kill -9 of the control process, and started anew by the next', async () => {
    await stop();
    await record.db.query(`UPDATE adapters SET state = 'retired' WHERE mode = 'child_process'`);
    const control = spawn(process.execPath, [CONTROL, record.url], { stdio: 'ignore' });
    try {
      await put('orphan', ['stubborn'], { credential_slots: [] });
      const first = await alive('orphan');
      const { pid } = await eventually(async () => noted().find((note) => note.grandchild !== undefined));
      control.kill('SIGKILL');
      await eventually(async () => !groupRuns(pid));
      const { db, url } = record;
      const next = createChildren({ db, databaseUrl: url, masterKey, commands, log: pino({ level: 'silent' }) });
      const stopping = new AbortController();
      const kept = next.keep(stopping.signal);
      await eventually(async () => starts().length === 2);
      expect(await alive('orphan')).not.toBe(first);
      stopping.abort();
      await kept;
    } finally {
      control.kill('SIGKILL');
    }
  });

  it('that keeps ending is started again, after longer and longer pauses', async () => {
    const { adapter_id } = await put('brief', ['brief']);
    await eventually(async () => starts().length >= 3);
    const ended = (await entries(adapter_id)).filter((e) => e.action === 'adapter_child_ended');
    expect(ended.map((e) => e.detail['code'])).toContain('exited');
  });

  it('whose start fails is tried again after longer and longer pauses, and says so meanwhile', async () => {
    const tried: number[] = [];
    const file = () => {
      tried.push(performance.now());
      throw new Error('not now');
    };
    Object.defineProperty(commands, 'file', { get: file, configurable: true });
    try {
      await put('unlucky');
      await eventually(async () => tried.length >= 4);
      expect((await standing('unlucky'))?.last_error).toBe('start_failed');
    } finally {
      Object.defineProperty(commands, 'file', { value: undefined, writable: true, configurable: true });
    }
    const pauses = tried.slice(1, 4).map((at, i) => at - tried[i]!);
    pauses.forEach((pause, i) => expect(pause).toBeGreaterThan(restartPauseMs(i + 1) - 50));
    await alive('unlucky');
  });

  it('that is not heard of is replaced', async () => {
    await put('silent', ['old']);
    const first = await leaseOf('silent');
    await eventually(async () => starts().length === 1);
    await record.db.query('UPDATE adapter_children SET not_after = clock_timestamp() WHERE ended_at IS NULL');
    await eventually(async () => starts().length === 2);
    expect(await leaseOf('silent')).not.toBe(first);
  });

  it('whose lease was ended on the record is believed no more, and replaced', async () => {
    await put('revoked');
    const first = await alive('revoked');
    await record.db.query(`UPDATE adapter_children SET ended_at = now(), end_code = 'revoked' WHERE lease_id = $1`, [
      first,
    ]);
    await eventually(async () => starts().length === 2);
    expect(await alive('revoked')).not.toBe(first);
    expect(groupRuns(starts()[0]?.pid ?? 0)).toBe(false);
  });

  it('is not started without its credential, nor by a command that may not run', async () => {
    const reason = async (name: string, code: string) =>
      eventually(async () => (await standing(name))?.last_error === code);
    await put('bare', [], { credential_slots: [{ slot: 'no.such', env: 'CREDENTIAL' }] });
    await reason('bare', 'secret_unavailable');
    commands.env = 'production';
    await put('unlisted');
    await reason('unlisted', 'command_not_allowed');
    commands.file = join(folder, 'commands');
    writeFileSync(commands.file, `# reviewed\n${process.execPath}\n`);
    await alive('unlisted');
    expect(starts()).toHaveLength(1);
    const open = join(folder, 'open-to-others');
    copyFileSync('/bin/cat', open);
    chmodSync(open, 0o777);
    writeFileSync(commands.file, open);
    await put('open', [], { command: open });
    await reason('open', 'command_not_allowed');
  });
});
