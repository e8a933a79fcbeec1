import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { Page } from './list-incidents.ts';

/** A run of a process, by its key; a page goes on behind it. */
export interface HistoryPosition {
  workflow_id: string;
  run_id: string;
}

export interface ProcessHistory extends HistoryPosition {
  type: string;
  status: string | null;
  digest: string | null;
  bytes: number | null;
  stored_at: string | null;
  lost_at: string | null;
}

export interface HistoryFilter {
  /** Of the incident. */
  workspace_id: string;
  incident_id: string;
  limit: number;
  after?: HistoryPosition | undefined;
}

/** What is on record of the runs that waited for an incident, by workflow id and run id. */
export async function listHistories(
  db: Queryable,
  filter: HistoryFilter,
): Promise<Page<ProcessHistory, HistoryPosition>> {
  const { text, values } = historiesQuery(filter);
  const found = await rows<ProcessHistory>(db, text, values);
  const items = found.slice(0, filter.limit);
  const last = items.at(-1);
  return {
    items,
    next: found.length > filter.limit && last !== undefined ? last : null,
  };
}

const COLUMNS = 'workflow_id, run_id, type, status, digest, bytes, stored_at, lost_at';

/** The statement of `listHistories`. */
export const historiesQuery = ({ workspace_id, incident_id, limit, after }: HistoryFilter) => ({
  text: `SELECT ${COLUMNS} FROM process_histories WHERE workspace_id = $1 AND incident_id = $2
      AND (workflow_id, run_id) > ($3, $4) ORDER BY workflow_id, run_id LIMIT $5`,
  values: [workspace_id, incident_id, after?.workflow_id ?? '', after?.run_id ?? '', limit + 1],
});

/** One run among those of an incident. */
export async function incidentHistory(
  db: Queryable,
  of: { workspace_id: string; incident_id: string },
  { workflow_id, run_id }: HistoryPosition,
): Promise<ProcessHistory | undefined> {
  const found = await rows<ProcessHistory>(
    db,
    `SELECT ${COLUMNS} FROM process_histories
      WHERE workspace_id = $1 AND incident_id = $2 AND workflow_id = $3 AND run_id = $4`,
    [of.workspace_id, of.incident_id, workflow_id, run_id],
  );
  return found[0];
}
