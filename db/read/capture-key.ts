import type { CaptureLevel } from '../../domain/runtime/capture-window.ts';
import { prepared } from '../client.ts';
import type { Queryable } from '../client.ts';
import { openDataKey } from '../secrets/envelope.ts';
import type { NamedKey } from '../secrets/envelope.ts';

/** A window that captures, with the key that what it keeps is sealed with. */
export interface KnownWindow {
  workspace_id: string;
  window_id: string;
  level: CaptureLevel;
  key: NamedKey;
}

/**
 * The window that captures in a workspace now, and how long it still does by the database's clock; `before` is the one that
 * was known, whose key need not be opened again. Errors: SecretsError master_key_missing, master_key_mismatch.
 */
export async function askWindow(
  { db, masterKey }: { db: Queryable; masterKey: () => NamedKey },
  workspace_id: string,
  before: KnownWindow | null,
): Promise<{ window: KnownWindow | null; left_ms: number }> {
  const [row] = await prepared<{ window_id: string; level: CaptureLevel; wrapped_key: string; left_ms: number }>(
    db,
    'capture-window-live',
    `SELECT window_id, level, wrapped_key, floor(extract(epoch FROM not_after - clock_timestamp()) * 1000)::int4 AS left_ms
      FROM capture_windows WHERE workspace_id = $1 AND closed_at IS NULL AND not_after > clock_timestamp()`,
    [workspace_id],
  );
  if (row === undefined) return { window: null, left_ms: Number.POSITIVE_INFINITY };
  const { window_id, level, wrapped_key, left_ms } = row;
  if (before?.window_id === window_id) return { window: before, left_ms };
  const key = openDataKey(masterKey(), { workspace_id, slot: `capture/${window_id}` }, wrapped_key);
  return { window: { workspace_id, window_id, level, key }, left_ms };
}
