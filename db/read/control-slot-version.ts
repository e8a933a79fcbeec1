import { prepared } from '../client.ts';
import type { Queryable } from '../client.ts';

/** The current version of a `control` slot; null when there is no such slot. Says nothing of its value, and is no entry. */
export async function controlSlotVersion(db: Queryable, workspace_id: string, slot: string): Promise<number | null> {
  const [row] = await prepared<{ version: number }>(
    db,
    'control-slot-version',
    `SELECT current_version AS version FROM secret_slots WHERE workspace_id = $1 AND slot = $2 AND class = 'control'`,
    [workspace_id, slot],
  );
  return row?.version ?? null;
}
