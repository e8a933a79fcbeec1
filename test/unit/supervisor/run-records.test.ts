import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { identityOf, isRunning } from '../../../script/supervisor/process-identity.ts';
import { RunRecords } from '../../../script/supervisor/run-records.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';

describe('run records', () => {
  it('end a process that an earlier supervisor left', async () => {
    const root = temporaryStateRoot();
    const orphan = spawn('sleep', ['60']);
    await once(orphan, 'spawn');
    new RunRecords(root).add('orphan', orphan.pid!);
    const ended = once(orphan, 'exit');
    await new RunRecords(root).reap();
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect(existsSync(join(root, 'run/orphan.json'))).toBe(false);
  });

  it('leave a process alone that only has the pid of one', async () => {
    const root = temporaryStateRoot();
    const stranger = spawn('sleep', ['60']);
    await once(stranger, 'spawn');
    const identity = identityOf(stranger.pid!)!;
    const records = new RunRecords(root);
    writeFileSync(join(root, 'run/old.json'), JSON.stringify({ ...identity, start_ticks: '1' }));
    await records.reap();
    expect(isRunning(identity)).toBe(true);
    stranger.kill();
  });
});
