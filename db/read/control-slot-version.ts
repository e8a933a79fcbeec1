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

/** The version whose value the current one of a `control` slot brought back; null when it is a value of its own. */
export async function controlSlotRolledBackTo(
  db: Queryable,
  workspace_id: string,
  slot: string,
): Promise<number | null> {
  const [row] = await prepared<{ rolled_back_to: number | null }>(
    db,
    'control-slot-rolled-back-to',
    `SELECT v.rolled_back_to FROM secret_slots s JOIN secret_versions v
        ON v.workspace_id = s.workspace_id AND v.slot = s.slot AND v.version = s.current_version
      WHERE s.workspace_id = $1 AND s.slot = $2 AND s.class = 'control'`,
    [workspace_id, slot],
  );
  return row?.rolled_back_to ?? null;
}
