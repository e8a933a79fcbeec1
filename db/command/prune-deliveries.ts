import { rows } from '../client.ts';
import type { Database, Queryable } from '../client.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import type { EntryDraft } from '../write/ledger.ts';

/** What was sent is looked up this long after it was taken or given up. */
const KEPT = '90 days';
const ACTOR = 'delivery';

interface Pruned {
  workspace_id: string;
  delivery_id: string;
  state: string;
  settled_at: string;
  now: string;
}

/** The statement that finds them, oldest first: one walk of an index, each judged by keys. */
export const prunableQuery = (limit: number) => ({
  text: `SELECT d.workspace_id, d.delivery_id FROM deliveries d
    WHERE d.settled_at < now() - interval '${KEPT}'
      AND NOT EXISTS (SELECT 1 FROM notifications n JOIN incidents i ON i.workspace_id = n.workspace_id AND i.id = n.incident_id
        WHERE n.id = d.notification_id AND i.state <> 'resolved')
      AND NOT EXISTS (SELECT 1 FROM process p WHERE p.workspace_id = d.workspace_id AND p.workflow_id = 'delivery/' || d.delivery_id
        AND (p.over_at IS NULL OR p.history_at IS NULL OR p.history_at < p.over_at))
    ORDER BY d.settled_at LIMIT $1 FOR UPDATE OF d SKIP LOCKED`,
  values: [limit],
});

/**
 * Forgets deliveries that were settled long ago, with what the relay knows of their processes: not those of an incident that
 * is open, nor one whose history is not stored. One entry per workspace says how many. Returns how many there were.
 */
export async function pruneDeliveries(db: Database, limit = 500): Promise<number> {
  return transaction(db, async (tx) => {
    const { text, values } = prunableQuery(limit);
    const gone = await rows<Pruned>(
      tx,
      `DELETE FROM deliveries WHERE (workspace_id, delivery_id) IN (${text})
        RETURNING workspace_id, delivery_id, state, settled_at, date_trunc('milliseconds', clock_timestamp()) AS now`,
      values,
    );
    if (gone.length === 0) return 0;
    await forgetProcesses(tx, gone);
    const groups = [...Map.groupBy(gone, (row) => row.workspace_id).values()];
    await writeEntries(tx, groups.map(entryOf));
    return gone.length;
  });
}

async function forgetProcesses(tx: Queryable, gone: Pruned[]): Promise<void> {
  await tx.query(
    `DELETE FROM process p USING unnest($1::text[], $2::text[]) AS g(w, d)
      WHERE p.workspace_id = g.w AND p.workflow_id = 'delivery/' || g.d`,
    [gone.map((row) => row.workspace_id), gone.map((row) => row.delivery_id)],
  );
}

function entryOf(gone: Pruned[]): EntryDraft {
  const settled = gone.map((row) => row.settled_at).sort();
  return {
    workspace_id: gone[0]?.workspace_id ?? '',
    at: gone[0]?.now ?? '',
    actor: ACTOR,
    on_behalf_of: null,
    action: 'deliveries_pruned',
    object: 'deliveries',
    record_hash: null,
    record_version: null,
    detail: {
      count: gone.length,
      dead: gone.filter(({ state }) => state === 'dead').length,
      settled_from: settled[0] ?? null,
      settled_until: settled.at(-1) ?? null,
    },
    policy_digest: null,
  };
}
