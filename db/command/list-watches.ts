import { rows } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { wakeWatch } from '../write/watches.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { clock } from './watch.ts';

/** Lists the watch of every enrolled node that has none: one enrolled before there were watches, or restored. */
export async function listWatches(db: Database, by: Caller): Promise<void> {
  await transaction(db, async (tx) => {
    const unwatched = await rows<{ node: string; version: number }>(
      tx,
      `SELECT n.node, n.version FROM attestation_nodes n WHERE n.workspace_id = $1 AND n.state = 'enrolled'
        AND NOT EXISTS (SELECT 1 FROM process p WHERE p.workspace_id = n.workspace_id
          AND p.workflow_id = 'attestation/' || n.node AND p.over_at IS NULL)
        ORDER BY n.node LIMIT 1000`,
      [INSTANCE],
    );
    const now = await clock(tx);
    for (const { node, version } of unwatched)
      await wakeWatch(tx, { type: 'attestationWatch', subject: node, version, actor: by.actor }, now);
  });
}
