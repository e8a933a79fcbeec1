import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAdapterActivities } from '../../../activities/adapters/create-adapter-activities.ts';
import { one, rows } from '../../../db/client.ts';
import { heartbeatChild, isLeased } from '../../../db/command/adapter-children.ts';
import { putAdapter } from '../../../db/command/put-adapter.ts';
import { restartChild } from '../../../db/command/restart-child.ts';
import { findAdapter, adapterStanding } from '../../../db/read/adapters.ts';
import type { ChildDefinition } from '../../../domain/adapter/definition.ts';
import { identityOf } from '../../../script/supervisor/process-identity.ts';
import { adapterPort } from '../../../workers/adapter-port.ts';
import { groupRuns } from '../../../workers/children/group.ts';
import { createChildren } from '../../../workers/children/keep-children.ts';
import type { Children } from '../../../workers/children/keep-children.ts';
import { freshKey } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { openRecord, OPERATOR, reportIncident } from '../../support/record.ts';
import { webhookHeaders } from '../../support/webhook.ts';
import { startApi } from '../api/api-under-test.ts';
import { databaseText, freshMasterKey, set } from '../../support/secrets.ts';

const STAND_IN = fileURLToPath(new URL('../../support/stand-ins/child-adapter.ts', import.meta.url));
const CONTROL = fileURLToPath(new URL('../../support/stand-ins/children.ts', import.meta.url));
const VALUE = 'the first value of its credential';

let record: Awaited<ReturnType<typeof openRecord>>;
let folder: string;
let notes: string;
const master = freshMasterKey();
const masterKey = () => master;
const commands: { file: string | undefined; env: 'embedded' | 'production' } = { file: undefined, env: 'embedded' };

beforeAll(async () => {
  record = await openRecord();
  folder = mkdtempSync(join(tmpdir(), 'interlock-children-'));
  await set({ db: record.db, masterKey }, 'sidecar.key', VALUE, { class: 'control' });
});
afterAll(async () => {
  await record?.close();
  rmSync(folder, { recursive: true, force: true });
});

let n = 0;
let children: Children;
let stop: () => Promise<void>;
beforeEach(() => {
  notes = join(folder, `notes-${n++}`);
  writeFileSync(notes, '');
  Object.assign(commands, { file: undefined, env: 'embedded' });
  const { db, url } = record;
  children = createChildren({ db, databaseUrl: url, masterKey, commands, log: pino({ level: 'silent' }) });
  const stopping = new AbortController();
  const kept = children.keep(stopping.signal);
  stop = async () => {
    stopping.abort();
    await kept;
  };
});
afterEach(async () => {
  await stop();
  await record.db.query(`UPDATE adapters SET state = 'retired' WHERE mode = 'child_process'`);
  for (const { pid } of noted()) expect(groupRuns(pid)).toBe(false);
});

interface Note {
  pid: number;
  started?: true;
  argv?: string[];
  credential?: string | null;
  names?: string[];
  grandchild?: number;
  heard?: Record<string, unknown>;
}
const noted = (): Note[] =>
  readFileSync(notes, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Note);
const starts = () => noted().filter((note) => note.started === true);
const heard = (what: object) => noted().find((note) => note.heard !== undefined && matches(note.heard, what));
const matches = (given: object, what: object) =>
  Object.entries(what).every(([key, value]) => JSON.stringify(Reflect.get(given, key)) === JSON.stringify(value));

async function put(name: string, how: string[] = [], over: Partial<ChildDefinition> = {}) {
  const definition: ChildDefinition = {
    mode: 'child_process',
    command: process.execPath,
    args: [STAND_IN, notes, ...how],
    credential_slots: [{ slot: 'sidecar.key', env: 'CREDENTIAL' }],
    actions: ['freeze_agent'],
    classes: [],
    ...over,
  };
  await putAdapter(record.db, OPERATOR, { name, definition, key: freshKey() });
  return (await findAdapter(record.db, 'default', name))!;
}

const standing = (name: string) => adapterStanding(record.db, 'default', name);
const leaseOf = async (name: string) => eventually(async () => (await standing(name))?.lease_id);
const alive = async (name: string) =>
  eventually(async () => (await standing(name))?.child_heartbeat_at && (await standing(name))?.lease_id);
const entries = (adapter_id: string) =>
  rows<{ action: string; detail: Record<string, unknown> }>(
    record.db,
    `SELECT action, detail::jsonb AS detail FROM ledger_entries WHERE object = $1 ORDER BY entry_id`,
    [`adapter/${adapter_id}`],
  );

describe('an adapter that is a child process', () => {
  it('is told states over its pipes, and acknowledges them', async () => {
    const adapter = await put('good');
    await alive('good');
    const { db } = record;
    const activities = createAdapterActivities(adapterPort({ db, masterKey }, children.ask));
    const incident = await reportIncident(db, 'tool_call_burst', { evidence: { subject: 'agent:told' } });
    expect(incident.state).toBe('open');
    const of = {
      workspace_id: 'default',
      adapter_id: adapter.adapter_id,
      gate: 'agent' as const,
      target: 'agent:told',
    };
    await activities.tellAdapter(of);
    expect(heard({ target: 'agent:told', state: 'closed', generation: 1 })).toBeDefined();
    expect(await one(db, 'SELECT state FROM incidents WHERE id = $1', [incident.id])).toEqual({ state: 'contained' });
    expect(await standing('good')).toMatchObject({ last_error: null, due: 0 });
  });

  it('that answers nothing, or another generation, or is not there has not acknowledged', async () => {
    const { db } = record;
    const tell = async (name: string, how: string[]) => {
      const adapter = await put(name, how);
      await alive(name);
      const activities = createAdapterActivities(
        adapterPort({ db, masterKey }, (of, id, content) => children.ask(of, id, content, 300)),
      );
      await reportIncident(db, 'tool_call_burst', { evidence: { subject: `agent:${name}` } });
      const { adapter_id } = adapter;
      const target = `agent:${name}`;
      const sent = async () => {
        await activities.tellAdapter({ workspace_id: 'default', adapter_id, gate: 'agent', target });
        return (await standing(name))?.last_error;
      };
      return { sent, adapter_id };
    };
    expect(await (await tell('mute', ['mute'])).sent()).toBe('timeout');
    const late = await tell('late', ['late']);
    expect(await late.sent()).toBe('generation_mismatch');
    await db.query(`UPDATE adapters SET state = 'retired' WHERE name = 'late'`);
    await eventually(async () => (await standing('late'))?.lease_id === null);
    await db.query(`UPDATE adapters SET state = 'active', command = '/nowhere' WHERE name = 'late'`);
    await eventually(async () => (await standing('late'))?.last_error === 'command_not_allowed');
    await db.query(`UPDATE adapter_targets SET due = true, next_attempt_at = NULL`);
    expect(await late.sent()).toBe('child_not_running');
  });

  it('S1-77 is replaced when a slot of it has another value, and gets that one', async () => {
    await put('rotated');
    const first = await alive('rotated');
    expect(starts()).toMatchObject([{ credential: VALUE }]);
    await set({ db: record.db, masterKey }, 'sidecar.key', 'the second value');
    await eventually(async () => starts().length === 2);
    expect(starts()[1]).toMatchObject({ credential: 'the second value' });
    expect(await alive('rotated')).not.toBe(first);
    const [before, after] = starts();
    expect(groupRuns(before?.pid ?? 0)).toBe(false);
    expect(groupRuns(after?.pid ?? 0)).toBe(true);
    expect((await standing('rotated'))?.child_slots).toMatchObject([{ slot: 'sidecar.key', version: 2 }]);
  });

  it('S1-141 a rotated slot ends its lease and its signatures, and starts one run in its place', async () => {
    const { db } = record;
    const slot = (value: string) => set({ db, masterKey }, 'sidecar.shared', value, { class: 'control' });
    await slot('the shared value before');
    const api = await startApi({ databaseUrl: record.url, masterKey });
    const send = async (secret: string) => {
      const body = JSON.stringify({ class: 'tool_call_burst', description: 'd' });
      const now = Math.floor(Date.now() / 1000);
      const headers = webhookHeaders({ id: crypto.randomUUID(), timestamp: now, body, secret });
      return (await api.post('/v1/adapters/smoke/events', body, headers)).status;
    };
    try {
      const of = await put('smoke', [], {
        credential_slots: [{ slot: 'sidecar.shared', env: 'CREDENTIAL' }],
        secret: { ref: 'slot:sidecar.shared' },
        classes: ['tool_call_burst'],
      });
      const first = await alive('smoke');
      expect(await send('the shared value before')).toBe(201);
      await slot('the shared value after');
      expect([await send('the shared value before'), await send('the shared value after')]).toEqual([401, 201]);
      await eventually(async () => starts().length === 2);
      expect(await alive('smoke')).not.toBe(first);
      const runs = await rows<{ lease_id: string; ended: boolean }>(
        db,
        'SELECT lease_id, ended_at IS NOT NULL AS ended FROM adapter_children WHERE adapter_id = $1 ORDER BY started_at',
        [of.adapter_id],
      );
      expect(runs.map((run) => run.ended)).toEqual([true, false]);
      expect(runs[0]?.lease_id).toBe(first);
      expect(starts().map((start) => groupRuns(start.pid))).toEqual([false, true]);
      expect(await databaseText(db)).not.toContain('the shared value');
    } finally {
      await api.close();
    }
  });

  it('S1-78 is replaced when it is put again, and when it is restarted', async () => {
    const { adapter_id } = await put('again');
    const leases = [await alive('again')];
    await put('again', ['mute']);
    await eventually(async () => starts().length === 2);
    leases.push(await alive('again'));
    await restartChild(record.db, OPERATOR, { name: 'again', key: freshKey() });
    await eventually(async () => starts().length === 3);
    leases.push(await alive('again'));
    expect(new Set(leases).size).toBe(3);
    const said = await entries(adapter_id);
    expect(said.filter((e) => e.action === 'adapter_child_started').map((e) => e.detail['lease_id'])).toEqual(leases);
    expect(said.filter((e) => e.action === 'adapter_child_ended').map((e) => e.detail['code'])).toEqual([
      'replaced',
      'replaced',
    ]);
  });

  it('S1-92 is believed by the token of its present run alone', async () => {
    const of = await put('lease');
    const first = await alive('lease');
    expect(heard({ heartbeat: { ok: false, code: 'lease_ended' } })).toBeUndefined();
    await eventually(async () => heard({ id: 'own', credential: await value() }));
    await eventually(async () => heard({ id: 'other', error: 'not_permitted' }));
    const token = 'a token of an earlier run';
    expect(await heartbeatChild(record.db, of, token)).toBeNull();
    expect(await isLeased(record.db, of, token)).toBe(false);

    await put('lease', ['old']);
    await eventually(async () => heard({ heartbeat: { ok: false, code: 'lease_ended' } }));
    await eventually(async () => heard({ id: 'own', error: 'lease_ended' }));
    await put('lease');
    await eventually(async () => starts().length === 3);
    const last = await alive('lease');
    expect(last).not.toBe(first);
  });

  const value = async () => (starts().at(-1)?.credential ?? null) as string;

  it('S1-89 shows which lease and which versions it runs under, of token and value nothing', async () => {
    const { adapter_id } = await put('shown');
    await alive('shown');
    const text = await databaseText(record.db);
    const token = await one<{ length: number }>(
      record.db,
      'SELECT length(token_digest) FROM adapter_children WHERE adapter_id = $1',
      [adapter_id],
    );
    expect(token?.length).toBe(32);
    expect(text).not.toContain(await value());
    const [start] = starts();
    expect(JSON.stringify(start?.argv)).not.toContain(await value());
    const allowed = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'CREDENTIAL', 'INTERLOCK_LEASE_TOKEN'];
    expect(start?.names?.filter((name) => !allowed.includes(name))).toEqual([]);
    expect(Object.keys(process.env).some((name) => !allowed.includes(name))).toBe(true);
  });

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
