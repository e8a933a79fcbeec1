import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, one, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { DUE, openNextDue } from '../../../db/command/open-scheduled.ts';
import { requestRotation } from '../../../db/command/request-rotation.ts';
import { scheduleRotation, unscheduleRotation } from '../../../db/command/schedule-rotation.ts';
import { listSchedules, scheduleListQuery } from '../../../db/read/rotation-schedules.ts';
import type { RotationRow } from '../../../domain/rotation/plan.ts';
import { freshKey } from '../../support/adapters.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { planOf, rowsRead } from '../../support/query-plan.ts';
import { startApi } from '../api/api-under-test.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test', max: 8 });
});
afterAll(async () => {
  await db?.end();
  await database?.drop();
});

const BY = (workspace_id: string) => ({ workspace_id, actor: 'owner@org', on_behalf_of: null });
const workspace = () => `w-${crypto.randomUUID()}`;
const of = (subject: string) => ({ row: 'provisioning_token' as RotationRow, subject });
const schedule = (w: string, subject: string, every_days = 90) =>
  scheduleRotation(db, BY(w), { ...of(subject), every_days, overlap_seconds: 0, key: freshKey() });
const due = (w: string) =>
  db.query(
    `UPDATE rotation_schedules SET next_due_at = clock_timestamp() - interval '5 minutes',
    look_at = clock_timestamp() - interval '5 minutes' WHERE workspace_id = $1`,
    [w],
  );
const rotationsOf = (w: string) =>
  rows<{ rotation_id: string; actor: string; on_behalf_of: string; reason: string }>(
    db,
    'SELECT rotation_id, actor, on_behalf_of, reason FROM rotations WHERE workspace_id = $1',
    [w],
  );
const actions = async (w: string) =>
  (
    await rows<{ action: string }>(db, 'SELECT action FROM ledger_entries WHERE workspace_id = $1 ORDER BY entry_id', [
      w,
    ])
  ).map((e) => e.action);
const theOne = async (w: string) => (await listSchedules(db, w, { limit: 10 })).items[0];
const alerts = async (w: string) =>
  (await one<{ n: number }>(db, 'SELECT count(*)::int4 AS n FROM notifications WHERE workspace_id = $1', [w]))?.n;

describe('a schedule of rotations', () => {
  it('opens what is due, once, with its entry and its process, however many workers look', async () => {
    const w = workspace();
    await schedule(w, 'a', 30);
    expect(await openNextDue(db)).toBeUndefined();
    await due(w);
    const opened = (await Promise.all(Array.from({ length: 6 }, () => openNextDue(db)))).filter((o) => o !== undefined);
    expect(opened).toHaveLength(1);
    const [rotation, ...more] = await rotationsOf(w);
    expect(more).toEqual([]);
    expect(rotation).toMatchObject({ actor: 'rotation-schedule', on_behalf_of: 'owner@org' });
    expect(await actions(w)).toEqual(['rotation_scheduled', 'rotation_requested']);
    const standing = await theOne(w);
    expect(standing).toMatchObject({ last_rotation_id: rotation?.rotation_id, failure: null, overdue: false });
    const ahead = (Date.parse(standing?.next_due_at ?? '') - Date.now()) / 86_400_000;
    expect([ahead > 29.9, ahead < 30.1]).toEqual([true, true]);
    const process = await one(db, `SELECT 1 FROM process WHERE workspace_id = $1 AND type = 'tokenRotation'`, [w]);
    expect(process).toBeDefined();
  });

  it('what cannot be opened stays due, is alerted once, and is opened when it can be', async () => {
    const w = workspace();
    const asked = { ...of('b'), overlap_seconds: 0, compromised: false, dry_run: false, reason: 'r', ticket: null };
    await requestRotation(db, BY(w), { ...asked, key: freshKey() });
    await schedule(w, 'b');
    for (let look = 0; look < 2; look++) {
      await due(w);
      expect(await openNextDue(db)).toMatchObject({ subject: 'b', code: 'rotation_running' });
      expect(await openNextDue(db)).toBeUndefined();
    }
    expect(await theOne(w)).toMatchObject({ failure: 'rotation_running', overdue: true, last_rotation_id: null });
    expect(await alerts(w)).toBe(1);
    expect((await actions(w)).filter((a) => a === 'rotation_not_opened')).toHaveLength(1);
    await db.query(
      `UPDATE rotations SET state = 'failed', step = NULL, finished_at = clock_timestamp() WHERE workspace_id = $1`,
      [w],
    );
    await due(w);
    expect(await openNextDue(db)).toMatchObject({ subject: 'b', rotation_id: expect.any(String) as string });
    expect(await theOne(w)).toMatchObject({ failure: null, failing_since: null, overdue: false });
  });

  it('a worker that holds one back holds back no other', async () => {
    const w = workspace();
    await schedule(w, 'c');
    await schedule(w, 'd');
    await due(w);
    const holder = await db.connect();
    try {
      await holder.query('BEGIN');
      await holder.query(`SELECT 1 FROM rotation_schedules WHERE workspace_id = $1 AND subject = 'c' FOR UPDATE`, [w]);
      expect(await openNextDue(db)).toMatchObject({ subject: 'd' });
      expect(await openNextDue(db)).toBeUndefined();
      await holder.query('ROLLBACK');
    } finally {
      holder.release();
    }
    expect(await openNextDue(db)).toMatchObject({ subject: 'c' });
  });

  it('begins anew when it is set again, ends when it is taken away, and has no overlap where none can be', async () => {
    const w = workspace();
    const first = await schedule(w, 'e');
    const again = await schedule(w, 'e', 7);
    expect(first.ok && again.ok && first.schedule.schedule_id === again.schedule.schedule_id).toBe(true);
    expect(await theOne(w)).toMatchObject({ every_days: 7 });
    const overlapped = { ...of('e'), every_days: 7, overlap_seconds: 60, key: freshKey() };
    expect(await scheduleRotation(db, BY(w), overlapped)).toEqual({ ok: false, code: 'overlap_unavailable' });
    await due(w);
    expect(await unscheduleRotation(db, BY(w), { ...of('e'), key: freshKey() })).toEqual({ ok: true });
    expect(await unscheduleRotation(db, BY(w), { ...of('e'), key: freshKey() })).toEqual({
      ok: false,
      code: 'schedule_not_found',
    });
    expect(await openNextDue(db)).toBeUndefined();
    expect(await actions(w)).toContain('rotation_unscheduled');
  });

  it('is found by its time, and listed by its workspace, without reading the others', async () => {
    const w = workspace();
    await db.query(
      `INSERT INTO rotation_schedules (workspace_id, schedule_id, row, subject, every_days, overlap_seconds, next_due_at, look_at,
          created_at, actor)
        SELECT $1 || i % 50, 'RSC-' || i, 'adapter_slot', 's' || i, 90, 0, now() + interval '9 days', now() + interval '9 days', now(), 'a'
        FROM generate_series(1, 5000) AS i`,
      [w],
    );
    await db.query('ANALYZE rotation_schedules');
    expect(rowsRead(await planOf(db, scheduleListQuery(`${w}7`, { limit: 20 })))).toBeLessThanOrEqual(21);
    expect(rowsRead(await planOf(db, { text: DUE, values: [] }))).toBeLessThanOrEqual(1);
    await db.query(`DELETE FROM rotation_schedules WHERE starts_with(workspace_id, $1)`, [w]);
  });

  it('is set, listed page by page and taken away over HTTP; rows of the instance only by those who decide for it', async () => {
    const api = await startApi({ databaseUrl: database.url });
    try {
      const path = '/v1/rotation-schedules';
      const in_lab = { 'X-Interlock-Workspace': 'lab' };
      const post = async (to: string, body: object, headers = {}) => (await api.post(to, body, headers)).status;
      for (const subject of ['x', 'y', 'z'])
        expect(await post(path, { row: 'provisioning_token', subject, every_days: 30 }, in_lab)).toBe(200);
      expect(await post(path, { row: 'forensic_key', every_days: 30 }, in_lab)).toBe(403);
      expect(await post(path, { row: 'forensic_key', every_days: 30 })).toBe(200);
      expect(await post(path, { row: 'nothing', every_days: 30 })).toBe(400);
      expect(await post(path, { row: 'forensic_key', every_days: 0 })).toBe(400);
      expect(await post(path, { row: 'forensic_key', every_days: 1, overlap_seconds: 60 })).toBe(409);
      const seen: string[] = [];
      for (let next: string | null = `${path}?limit=2`; next !== null;) {
        const page: Response = await api.get(next, { headers: in_lab });
        seen.push(...((await page.json()) as { subject: string }[]).map((s) => s.subject));
        next = /<([^>]+)>/.exec(page.headers.get('Link') ?? '')?.[1] ?? null;
      }
      expect(seen).toEqual(['x', 'y', 'z']);
      const remove = { row: 'provisioning_token', subject: 'y' };
      expect(await post(`${path}/remove`, remove)).toBe(404);
      expect(await post(`${path}/remove`, remove, in_lab)).toBe(200);
      expect(await post(`${path}/remove`, remove, in_lab)).toBe(404);
    } finally {
      await api.close();
    }
  });
});
