import { randomBytes } from 'node:crypto';
import { overlaps } from '../../domain/rotation/plan.ts';
import type { RotationRow } from '../../domain/rotation/plan.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import type { Tx } from '../transaction.ts';
import type { RotationSchedule } from '../read/rotation-schedules.ts';
import { writeEntries } from '../write/ledger.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

export interface ScheduleOf {
  row: RotationRow;
  /** '' where there is only one of its row. */
  subject: string;
}

export interface SchedulePeriod {
  every_days: number;
  overlap_seconds: number;
}

const aggregateOf = ({ row, subject }: ScheduleOf): string => `rotation-schedule/${row}/${subject}`;

export type Scheduled = { ok: true; schedule: RotationSchedule } | { ok: false; code: 'overlap_unavailable' } | Reused;

/** Has something rotated every so many days from now on; said again, by the new period. Codes: `overlap_unavailable`. */
export async function scheduleRotation(
  db: Database,
  by: Caller,
  { key, ...asked }: ScheduleOf & SchedulePeriod & { key: DecisionKey },
): Promise<Scheduled> {
  const once = { workspace_id: by.workspace_id, aggregate: aggregateOf(asked), kind: 'schedule', key };
  return decideOnce<Scheduled>(db, by, once, async (tx, now) => {
    const { row, subject, every_days, overlap_seconds } = asked;
    if (overlap_seconds > 0 && !overlaps(row)) return { ok: false, code: 'overlap_unavailable' };
    const schedule_id = `RSC-${randomBytes(8).toString('hex')}`;
    const schedule = await one<RotationSchedule>(
      tx,
      `INSERT INTO rotation_schedules AS s (workspace_id, schedule_id, row, subject, every_days, overlap_seconds, next_due_at, look_at,
          created_at, actor, on_behalf_of)
        VALUES ($1, $2, $3, $4, $5, $6, $7::timestamptz + make_interval(days => $5), $7::timestamptz + make_interval(days => $5),
          $7, $8, $9)
        ON CONFLICT (workspace_id, row, subject) DO UPDATE SET every_days = excluded.every_days,
          overlap_seconds = excluded.overlap_seconds, next_due_at = excluded.next_due_at, look_at = excluded.look_at,
          failure = NULL, failing_since = NULL, actor = excluded.actor, on_behalf_of = excluded.on_behalf_of
        RETURNING *`,
      [by.workspace_id, schedule_id, row, subject, every_days, overlap_seconds, now, by.actor, by.on_behalf_of],
    );
    if (schedule === undefined) throw new Error('a schedule was not written');
    const { next_due_at } = schedule;
    await entry(tx, by, now, 'rotation_scheduled', asked, { every_days, overlap_seconds, next_due_at });
    return { ok: true, schedule };
  });
}

export type Unscheduled = { ok: true } | { ok: false; code: 'schedule_not_found' } | Reused;

/** Ends a schedule; a rotation that it has opened goes on. */
export async function unscheduleRotation(
  db: Database,
  by: Caller,
  { key, ...of }: ScheduleOf & { key: DecisionKey },
): Promise<Unscheduled> {
  const once = { workspace_id: by.workspace_id, aggregate: aggregateOf(of), kind: 'unschedule', key };
  return decideOnce<Unscheduled>(db, by, once, async (tx, now) => {
    const ended = await one<{ next_due_at: string }>(
      tx,
      'DELETE FROM rotation_schedules WHERE workspace_id = $1 AND row = $2 AND subject = $3 RETURNING next_due_at',
      [by.workspace_id, of.row, of.subject],
    );
    if (ended === undefined) return { ok: false, code: 'schedule_not_found' };
    await entry(tx, by, now, 'rotation_unscheduled', of, { next_due_at: ended.next_due_at });
    return { ok: true };
  });
}

const entry = (
  tx: Tx,
  by: Caller,
  at: string,
  action: string,
  { row, subject }: ScheduleOf,
  detail: Record<string, unknown>,
): Promise<void> =>
  writeEntries(tx, [
    {
      ...by,
      at,
      action,
      object: aggregateOf({ row, subject }),
      record_hash: null,
      record_version: null,
      detail: { row, subject, ...detail },
      policy_digest: null,
    },
  ]);
