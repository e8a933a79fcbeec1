import { one } from '../client.ts';
import type { Database } from '../client.ts';
import type { RotationSchedule } from '../read/rotation-schedules.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { addNotifications } from '../write/notifications.ts';
import { open } from './request-rotation.ts';
import { clock } from './watch.ts';

const ACTOR = 'rotation-schedule';
/** When what could not be opened is looked at again. */
const AGAIN_AFTER = '10 minutes';

/** The statement that finds what is due, its moment taken once so that the index is used; who looks at the same time passes it over. */
export const DUE = `SELECT * FROM rotation_schedules WHERE look_at <= (SELECT clock_timestamp()) ORDER BY look_at LIMIT 1 FOR UPDATE SKIP LOCKED`;

export type OpenedDue =
  { row: string; subject: string; rotation_id: string } | { row: string; subject: string; code: string };

/**
 * Opens the rotation of the schedule that is due first by the database's clock, with its entry and the next time, in one
 * transaction; of several workers one does. What cannot be opened stays due, is alerted once, and is looked at again later.
 * Undefined: nothing is due.
 */
export async function openNextDue(db: Database): Promise<OpenedDue | undefined> {
  return transaction<OpenedDue | undefined>(db, async (tx) => {
    const due = await one<RotationSchedule>(tx, DUE, []);
    if (due === undefined) return undefined;
    const { workspace_id, schedule_id, row, subject, every_days, overlap_seconds } = due;
    // As whoever asks for the same by hand.
    const asking = `decision:${workspace_id}:rotation/${row}/${subject}`;
    await tx.query('SELECT pg_advisory_xact_lock(hashtext($1))', [asking]);
    const now = await clock(tx);
    const by = { workspace_id, actor: ACTOR, on_behalf_of: due.actor };
    const reason = `every ${every_days} days, by ${schedule_id}`;
    const asked = { row, subject, overlap_seconds, compromised: false, dry_run: false, reason, ticket: null };
    const opened = await open(tx, by, asked, now);
    if (!opened.ok) {
      await blocked(tx, due, opened.code, now);
      return { row, subject, code: opened.code };
    }
    await tx.query(
      `UPDATE rotation_schedules SET next_due_at = $3::timestamptz + make_interval(days => every_days),
          look_at = $3::timestamptz + make_interval(days => every_days), last_rotation_id = $4, failure = NULL, failing_since = NULL
        WHERE workspace_id = $1 AND schedule_id = $2`,
      [workspace_id, schedule_id, now, opened.rotation_id],
    );
    return { row, subject, rotation_id: opened.rotation_id };
  });
}

async function blocked(tx: Tx, due: RotationSchedule, code: string, now: string): Promise<void> {
  const { workspace_id, schedule_id, row, subject, failure, actor: on_behalf_of } = due;
  await tx.query(
    `UPDATE rotation_schedules SET look_at = $3::timestamptz + interval '${AGAIN_AFTER}', failure = $4,
        failing_since = coalesce(failing_since, $3::timestamptz) WHERE workspace_id = $1 AND schedule_id = $2`,
    [workspace_id, schedule_id, now, code],
  );
  if (failure === code) return;
  const by = { workspace_id, actor: ACTOR, on_behalf_of };
  const object = `rotation-schedule/${row}/${subject}`;
  const detail = { row, subject, code, next_due_at: due.next_due_at };
  await writeEntries(tx, [
    {
      ...by,
      at: now,
      action: 'rotation_not_opened',
      object,
      record_hash: null,
      record_version: null,
      detail,
      policy_digest: null,
    },
  ]);
  const name = subject === '' ? row : `${row} ${subject}`;
  const message = `the rotation of ${name} is due and could not be opened: ${code}`;
  await addNotifications(tx, [{ ...by, kind: 'alert', incident_id: null, severity: 'high', message, created_at: now }]);
}
