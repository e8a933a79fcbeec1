import type { ProcessType } from '../../domain/process/types.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';

/** A process that the record wants running. */
export interface UnfinishedProcess {
  workspace_id: string;
  workflow_id: string;
  type: ProcessType;
  subject: string;
  severity_rank: number;
  created_at: string;
  started_at: string | null;
}

/** Long enough for the relay, the engine and the response that starts a ceremony to have done their part. */
const STARTED_BEFORE = '10 seconds';
const NEVER_STARTED_BEFORE = '30 seconds';

/**
 * A page of processes that the engine should be running by now, critical first: started a while ago, or never started
 * though nothing in the outbox is about to. A ceremony is started by its incident's response, so as long as that one has
 * not got there the ceremony is not missing. `after` is the last row of the page before.
 */
export async function unfinishedProcesses(
  db: Queryable,
  after: UnfinishedProcess | undefined,
  limit: number,
): Promise<UnfinishedProcess[]> {
  return rows<UnfinishedProcess>(
    db,
    `SELECT p.workspace_id, p.workflow_id, p.type, p.subject, p.severity_rank, p.created_at, p.started_at
      FROM process p WHERE p.over_at IS NULL AND (p.severity_rank, p.created_at, p.workflow_id) > ($1, $2::timestamptz, $3)
        AND (p.started_at < clock_timestamp() - interval '${STARTED_BEFORE}' OR (p.started_at IS NULL
          AND p.created_at < clock_timestamp() - interval '${NEVER_STARTED_BEFORE}'
          AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.workspace_id = p.workspace_id AND o.workflow_id = p.workflow_id)
          AND NOT EXISTS (SELECT 1 FROM process r WHERE p.type = 'recoveryCeremony' AND r.workspace_id = p.workspace_id
            AND r.workflow_id = 'incident/' || p.subject AND r.over_at IS NULL
            AND (r.settled_at IS NULL OR r.settled_at > clock_timestamp() - interval '${STARTED_BEFORE}'))))
      ORDER BY p.severity_rank, p.created_at, p.workflow_id LIMIT $4`,
    [after?.severity_rank ?? 0, after?.created_at ?? '-infinity', after?.workflow_id ?? '', limit],
  );
}
