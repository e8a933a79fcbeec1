import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { pruneVersions } from '../write/prune-versions.ts';
import { lockSlot } from '../write/secrets.ts';
import type { Caller } from './caller.ts';

/**
 * Destroys every value of a slot but the one in force and one that is staged, with an entry for each part of them: what was
 * revoked is not to be had again. Returns how many there were; none while a rotation runs, which ends its own.
 */
export async function forgetVersions(db: Database, by: Caller, slot: string): Promise<number> {
  let total = 0;
  for (;;) {
    const n = await transaction(db, async (tx) => {
      if ((await lockSlot(tx, by.workspace_id, slot)) === undefined) return 0;
      const clock = await one<{ now: string }>(tx, "SELECT date_trunc('milliseconds', clock_timestamp()) AS now");
      await tx.query(
        `UPDATE secret_slots SET previous_version = NULL WHERE workspace_id = $1 AND slot = $2 AND previous_version IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM rotations WHERE finished_at IS NULL)`,
        [by.workspace_id, slot],
      );
      return pruneVersions(tx, by, { slot, keep: 0, now: clock?.now ?? '' });
    });
    if (n === 0) return total;
    total += n;
  }
}
