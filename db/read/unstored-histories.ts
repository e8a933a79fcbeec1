import type { ProcessType } from '../../domain/process/types.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';

/** A process that the record has closed and whose histories are not stored. */
export interface ClosedProcess {
  workspace_id: string;
  workflow_id: string;
  type: ProcessType;
  subject: string;
  over_at: string;
  /** Whether the engine ever ran it. */
  started: boolean;
  /** By the database's clock. */
  closed_for_ms: number;
}

/** Long enough for a workflow to return after the record has said that it is over. */
const OVER_BEFORE = '10 seconds';

/** A page of them, the one that has waited longest first; `after` is the last of the page before. */
export async function unstoredHistories(
  db: Queryable,
  after: ClosedProcess | undefined,
  limit: number,
): Promise<ClosedProcess[]> {
  const { text, values } = unstoredQuery(after, limit);
  return rows<ClosedProcess>(db, text, values);
}

/** The statement of `unstoredHistories`. */
export const unstoredQuery = (after: ClosedProcess | undefined, limit: number) => ({
  text: `SELECT workspace_id, workflow_id, type, subject, over_at, started_at IS NOT NULL AS started,
      (extract(epoch FROM clock_timestamp() - over_at) * 1000)::int8 AS closed_for_ms
    FROM process WHERE over_at IS NOT NULL AND (history_at IS NULL OR history_at < over_at)
      AND over_at < now() - interval '${OVER_BEFORE}' AND (over_at, workspace_id, workflow_id) > ($1::timestamptz, $2, $3)
    ORDER BY over_at, workspace_id, workflow_id LIMIT $4`,
  values: [after?.over_at ?? '-infinity', after?.workspace_id ?? '', after?.workflow_id ?? '', limit],
});
