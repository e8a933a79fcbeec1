import { rows } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { databaseNow } from '../write/registry.ts';
import { endOverride, EXPORT_ACTOR } from '../write/overrides.ts';

const BATCH = 100;

/** The statement of `endOverrides`. */
export const lapsedQuery = {
  text: `SELECT workspace_id, override_id, ticket FROM export_overrides
    WHERE ended_at IS NULL AND not_after <= clock_timestamp() ORDER BY workspace_id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`,
  values: [],
};

/**
 * Writes down of overrides whose time is over that they ended, an entry each, a batch at a time. Nothing waits for it: that
 * such a one lifts nothing is judged by the clock at each use. Returns how many.
 */
export async function endOverrides(db: Database): Promise<number> {
  return transaction(db, async (tx) => {
    const { text, values } = lapsedQuery;
    const lapsed = await rows<{ workspace_id: string; override_id: string; ticket: string }>(tx, text, values);
    if (lapsed.length === 0) return 0;
    const now = await databaseNow(tx);
    const by = { actor: EXPORT_ACTOR, on_behalf_of: null };
    for (const { workspace_id, ...open } of lapsed)
      await endOverride(tx, workspace_id, open, { by, reason: 'expired', now });
    return lapsed.length;
  });
}
