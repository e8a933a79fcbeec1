import { describe, expect, it } from 'vitest';
import { fakeServer, run } from './run.ts';

const schedule = (more: object = {}) => ({
  schedule_id: 'RSC-0123456789abcdef',
  row: 'adapter_slot',
  subject: 'webhook.routes',
  every_days: 90,
  overlap_seconds: 0,
  next_due_at: '2026-03-14T12:00:00.000Z',
  overdue: false,
  last_rotation_id: null,
  failure: null,
  scheduled_by: 'owner@org',
  ...more,
});

describe('schedules of rotations', () => {
  it('are set in whole days, and taken away by row and subject', async () => {
    const { url, seen } = await fakeServer(({ path }) => ({
      body: path.endsWith('/remove') ? { status: 'unscheduled' } : schedule(),
    }));
    const on = (...args: string[]) => run(['rotations', ...args, '--base-url', url]);
    expect((await on('schedule', 'adapter_slot', 'webhook.routes', '--every', '90d')).code).toBe(0);
    expect((await on('schedule', 'forensic_key', '--every', '720h', '--overlap', '24h')).code).toBe(0);
    expect((await on('unschedule', 'forensic_key')).out).toBe('status: unscheduled\n');
    expect(seen.map(({ path, body }) => [path, body])).toEqual([
      ['/v1/rotation-schedules', { row: 'adapter_slot', subject: 'webhook.routes', every_days: 90 }],
      ['/v1/rotation-schedules', { row: 'forensic_key', every_days: 30, overlap_seconds: 86_400 }],
      ['/v1/rotation-schedules/remove', { row: 'forensic_key' }],
    ]);
    for (const every of ['0d', '36h', '90'])
      expect((await on('schedule', 'forensic_key', '--every', every)).code).toBe(2);
    expect((await on('schedule', 'forensic_key')).code).toBe(2);
    expect(seen).toHaveLength(3);
  });

  it('are a table; `rotations list` names what is overdue', async () => {
    const late = schedule({ row: 'ledger_key', subject: null, overdue: true, failure: 'rotation_running' });
    const { url } = await fakeServer(({ path }) => ({
      body: path.startsWith('/v1/rotation-schedules') ? [schedule(), late] : [],
    }));
    const { out } = await run(['rotations', 'schedules', '--base-url', url]);
    expect(out.split('\n').slice(1, 3)).toEqual([
      'adapter_slot  webhook.routes  90    2026-03-14T12:00:00.000Z            -     -                 owner@org',
      'ledger_key    -               90    2026-03-14T12:00:00.000Z (overdue)  -     rotation_running  owner@org',
    ]);
    const listed = await run(['rotations', 'list', '--base-url', url]);
    expect(listed.err).toContain('ledger_key is due since 2026-03-14T12:00:00.000Z: rotation_running');
    expect(listed.err).not.toContain('adapter_slot');
  });
});
