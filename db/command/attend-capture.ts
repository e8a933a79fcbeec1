import type { CaptureView } from '../../domain/process/capture.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { closeWindow, endProcess } from '../write/capture-windows.ts';
import type { CaptureWindow } from '../write/capture-windows.ts';

/** Who closes a window whose time has come. */
export const CAPTURE_ACTOR = 'capture-window';

export interface CaptureKey {
  workspace_id: string;
  window_id: string;
}

/** Looks after a window for its process, and closes it when its time is over by the database's clock. Undefined: no such window. */
export async function attendCapture(db: Database, of: CaptureKey): Promise<CaptureView | undefined> {
  return transaction(db, async (tx) => {
    const row = await one<CaptureWindow & { now: string; left_ms: number }>(
      tx,
      `SELECT *, date_trunc('milliseconds', clock_timestamp()) AS now,
          ceil(extract(epoch FROM not_after - clock_timestamp()) * 1000)::int4 AS left_ms
        FROM capture_windows WHERE workspace_id = $1 AND window_id = $2 FOR UPDATE`,
      [of.workspace_id, of.window_id],
    );
    if (row === undefined) return undefined;
    const { now, left_ms, ...window } = row;
    await tx.query(
      `UPDATE process SET started_at = clock_timestamp()
        WHERE workspace_id = $1 AND workflow_id = $2 AND started_at IS NULL AND over_at IS NULL`,
      [of.workspace_id, `capture/${of.window_id}`],
    );
    const { level } = window;
    if (window.closed_at === null && left_ms > 0) return { level, over: false, again_after_ms: left_ms };
    if (window.closed_at === null)
      await closeWindow(tx, window, { by: { actor: CAPTURE_ACTOR, on_behalf_of: null }, reason: 'expired', now });
    await endProcess(tx, of.workspace_id, of.window_id, now);
    return { level, over: true, again_after_ms: 0 };
  });
}
