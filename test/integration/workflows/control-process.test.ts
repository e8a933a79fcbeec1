import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { relayConnected } from '../../../db/read/relay.ts';
import { eventually } from '../../support/eventually.ts';
import { startControl } from '../../support/control.ts';
import { freePorts } from '../../support/free-ports.ts';
import { openRecord } from '../../support/record.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';
import { startTemporal } from '../../support/temporal.ts';

function startControlProcess(env: Record<string, string>) {
  const child = spawn(process.execPath, ['workers/control.ts'], {
    env: {
      PATH: process.env['PATH'],
      INTERLOCK_ENV: 'embedded',
      INTERLOCK_LOOPBACK_TRUST: '1',
      INTERLOCK_STATE_ROOT: temporaryStateRoot(),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const events: string[] = [];
  createInterface(child.stdout).on('line', (line) => events.push((JSON.parse(line) as { event: string }).event));
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  return { child, events, exit };
}

describe('the control process', () => {
  it('ends when one of its loops does, and names it: nobody else would do its work', async () => {
    const record = await openRecord();
    onTestFinished(() => record.close());
    const temporal = await startTemporal();
    onTestFinished(() => temporal.stop());
    const env = { databaseUrl: record.url, temporalAddress: temporal.address };
    const control = await startControl(env, (log) => {
      const warn = log.warn.bind(log);
      const failing = (line: { event?: string }) => {
        if (line.event === 'deliveries.unqueued') throw new Error('cannot even say so');
        warn(line);
      };
      return Object.assign(log, { warn: failing });
    });
    await record.db.query('ALTER TABLE notifications RENAME TO elsewhere');
    await expect(control.ended).rejects.toThrow('the loop fan_out ended');
    expect(control.lines).toContainEqual(expect.objectContaining({ event: 'control.loop_ended', loop: 'fan_out' }));
  });

  it('waits for servers that are not there yet, and stops when told while it waits', async () => {
    const nobody = await freePorts(2);
    const { child, events, exit } = startControlProcess({
      INTERLOCK_DATABASE_URL: `postgres://interlock@127.0.0.1:${nobody}/interlock`,
      INTERLOCK_TEMPORAL_ADDRESS: `127.0.0.1:${nobody + 1}`,
    });
    await eventually(() => Promise.resolve(events.includes('temporal.waiting') && events.includes('database.waiting')));
    expect(events).not.toContain('control.ready');
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(events.at(-1)).toBe('control.stopped');
  });

  it('says that it is ready when it polls and listens, and drains at SIGTERM', async () => {
    const record = await openRecord();
    onTestFinished(() => record.close());
    const temporal = await startTemporal();
    onTestFinished(() => temporal.stop());
    const { child, events, exit } = startControlProcess({
      INTERLOCK_DATABASE_URL: record.url,
      INTERLOCK_TEMPORAL_ADDRESS: temporal.address,
    });
    await eventually(() => Promise.resolve(events.includes('control.ready')));
    expect(await relayConnected(record.db)).toBe(true);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(events.at(-1)).toBe('control.stopped');
    expect(await relayConnected(record.db)).toBe(false);
  });
});
