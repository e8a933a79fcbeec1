import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';

/** Days that a lease stays to be looked at after its end; the ledger has its issue, its reads and its end for good. */
export const KEPT_DAYS = 30;
const BATCH = 1000;

/** Removes leases that ended so long ago, up to a batch, with an entry of how many. Their number; fewer than a batch: no more. */
export async function pruneLeases(db: Database): Promise<{ pruned: number; more: boolean }> {
  return transaction(db, async (tx) => {
    const row = await one<{ pruned: number; now: string }>(
      tx,
      `WITH gone AS (
        DELETE FROM leases l USING (
          SELECT workspace_id, lease_id FROM leases WHERE not_after < clock_timestamp() - make_interval(days => $1::int4)
            ORDER BY not_after LIMIT $2 FOR UPDATE SKIP LOCKED
        ) AS old WHERE l.workspace_id = old.workspace_id AND l.lease_id = old.lease_id RETURNING 1
      ) SELECT count(*)::int4 AS pruned, date_trunc('milliseconds', clock_timestamp()) AS now FROM gone`,
      [KEPT_DAYS, BATCH],
    );
    const { pruned, now } = row ?? { pruned: 0, now: '' };
    if (pruned > 0)
      await writeEntries(tx, [
        {
          workspace_id: INSTANCE,
          at: now,
          actor: 'lease-keeper',
          on_behalf_of: null,
          action: 'leases_pruned',
          object: 'leases',
          record_hash: null,
          record_version: null,
          detail: { pruned, kept_days: KEPT_DAYS },
          policy_digest: null,
        },
      ]);
    return { pruned, more: pruned === BATCH };
  });
}
