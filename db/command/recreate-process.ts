import { aggregateOf, STANDING_TYPES } from '../../domain/process/types.ts';
import type { Database } from '../client.ts';
import { one } from '../client.ts';
import type { UnfinishedProcess } from '../read/process-pages.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';

const ACTOR = 'reconcile';

/**
 * Has the relay start a process again that the record wants and the engine does not run: entry `process_recreated` and
 * outbox row in one transaction. `found` is what the engine has instead. False when the process is over by now, or
 * somebody else has taken it up.
 */
export async function recreateProcess(db: Database, lost: UnfinishedProcess, found: string): Promise<boolean> {
  return transaction(db, async (tx) => {
    const row = await one<{ now: string; version: number }>(
      tx,
      `SELECT date_trunc('milliseconds', clock_timestamp()) AS now, coalesce(i.version, 1) AS version
        FROM process p LEFT JOIN incidents i ON i.workspace_id = p.workspace_id AND i.id = p.subject
        WHERE p.workspace_id = $1 AND p.workflow_id = $2 AND p.over_at IS NULL AND p.started_at IS NOT DISTINCT FROM $3::timestamptz
          AND (i.id IS NOT NULL OR p.type = ANY($4))
          AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.workspace_id = p.workspace_id AND o.workflow_id = p.workflow_id)
        FOR UPDATE OF p`,
      [lost.workspace_id, lost.workflow_id, lost.started_at, STANDING_TYPES],
    );
    if (row === undefined) return false;
    await writeEntries(tx, [
      {
        workspace_id: lost.workspace_id,
        at: row.now,
        actor: ACTOR,
        on_behalf_of: null,
        action: 'process_recreated',
        object: aggregateOf(lost.type, lost.subject),
        record_hash: null,
        record_version: row.version,
        detail: { workflow_id: lost.workflow_id, type: lost.type, found },
        policy_digest: null,
      },
    ]);
    await tx.query(
      `UPDATE process SET started_at = NULL, settled_at = CASE WHEN type = ANY($3) THEN settled_at END
        WHERE workspace_id = $1 AND workflow_id = $2`,
      [lost.workspace_id, lost.workflow_id, STANDING_TYPES],
    );
    await tx.query(
      `INSERT INTO outbox (workspace_id, workflow_id, type, subject, version, severity_rank, created_at, actor)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [lost.workspace_id, lost.workflow_id, lost.type, lost.subject, row.version, lost.severity_rank, row.now, ACTOR],
    );
    await tx.query("SELECT pg_notify('outbox', '')");
    return true;
  });
}
