import type { Tx } from '../transaction.ts';
import { one } from '../client.ts';
import type { captureWindows } from '../schema/runtime.ts';
import { writeEntries } from './ledger.ts';
import { addNotifications } from './notifications.ts';
import { endStanding, wakeStanding } from './standing-processes.ts';

export type CaptureWindow = typeof captureWindows.$inferSelect;

interface By {
  actor: string;
  on_behalf_of: string | null;
}

/** Ordinary work that nobody's gate waits for. */
const RANK = 2;

const processOf = (workspace_id: string, window_id: string) =>
  ({ workspace_id, type: 'captureWindow', subject: window_id }) as const;

/** Has the process of a window look at its record; started if it does not run. */
export async function pokeCapture(
  tx: Tx,
  of: { workspace_id: string; window_id: string; version: number; actor: string },
  now: string,
): Promise<void> {
  const { workspace_id, window_id, version, actor } = of;
  await wakeStanding(tx, processOf(workspace_id, window_id), { severity_rank: RANK, version, actor, now });
}

/** The window of a workspace that nobody has closed yet, locked; its time may be over. */
export const lockOpenWindow = (
  tx: Tx,
  workspace_id: string,
): Promise<(CaptureWindow & { late: boolean }) | undefined> =>
  one(
    tx,
    `SELECT *, not_after <= clock_timestamp() AS late FROM capture_windows
      WHERE workspace_id = $1 AND closed_at IS NULL FOR UPDATE`,
    [workspace_id],
  );

/**
 * Closes a window with an entry `capture_closed` that counts what was kept and what was not; one whose time came is alerted,
 * for what it kept is there to be looked at and pruned. Its process is over when it has seen it: until then it can be poked.
 */
export async function closeWindow(
  tx: Tx,
  { workspace_id, window_id, level, ticket, captured, dropped, version }: CaptureWindow,
  how: { by: By; reason: 'off' | 'expired'; now: string },
): Promise<void> {
  const { by, reason, now } = how;
  await tx.query(
    `UPDATE capture_windows SET closed_at = $3, close_reason = $4, version = version + 1 WHERE workspace_id = $1 AND window_id = $2`,
    [workspace_id, window_id, now, reason],
  );
  if (reason === 'expired')
    await addNotifications(tx, [
      {
        workspace_id,
        ...by,
        kind: 'alert',
        incident_id: null,
        severity: 'medium',
        message: `capture window ${window_id} (${level}) closed itself: ${captured} kept, ${dropped} dropped`,
        created_at: now,
      },
    ]);
  await writeEntries(tx, [
    {
      workspace_id,
      at: now,
      ...by,
      action: 'capture_closed',
      object: `capture/${window_id}`,
      record_hash: null,
      record_version: version + 1,
      detail: { level, ticket, reason, captured, dropped },
      policy_digest: null,
    },
  ]);
}

/** Nothing waits for a window whose process has seen its end. */
export const endProcess = (tx: Tx, workspace_id: string, window_id: string, now: string): Promise<void> =>
  endStanding(tx, processOf(workspace_id, window_id), now);
