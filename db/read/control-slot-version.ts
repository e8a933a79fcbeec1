import type { SecretVersion } from '../../domain/secret/secret-ref.ts';
import type { SlotVersions } from '../../domain/secret/versions.ts';
import { one, prepared } from '../client.ts';
import type { Queryable } from '../client.ts';

/** Which version of a `control` slot is meant; null when there is none. Says nothing of its value, and is no entry. */
export async function controlSlotVersion(
  db: Queryable,
  workspace_id: string,
  slot: string,
  which: SecretVersion = 'current',
): Promise<number | null> {
  const [row] = await prepared<{ version: number | null }>(
    db,
    'control-slot-version',
    `SELECT CASE WHEN $3 THEN previous_version ELSE current_version END AS version FROM secret_slots
      WHERE workspace_id = $1 AND slot = $2 AND class = 'control'`,
    [workspace_id, slot, which === 'previous'],
  );
  return row?.version ?? null;
}

/** The versions of a `control` slot; undefined when there is no such slot. */
export async function controlSlotVersions(
  db: Queryable,
  workspace_id: string,
  slot: string,
): Promise<SlotVersions | undefined> {
  return one<SlotVersions>(
    db,
    `SELECT current_version AS current, previous_version AS previous, staged_version AS staged FROM secret_slots
      WHERE workspace_id = $1 AND slot = $2 AND class = 'control'`,
    [workspace_id, slot],
  );
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
