import { one } from '../client.ts';
import type { Queryable } from '../client.ts';

export interface DecisionOutcome {
  request_digest: string;
  outcome: { ok: true } | { ok: false; code: string; missing?: string[] };
}

/** What a decision about an incident was answered when it was taken, or undefined when it was not. */
export async function decisionOutcome(
  db: Queryable,
  workspace_id: string,
  incident_id: string,
  decision_id: string,
): Promise<DecisionOutcome | undefined> {
  const row = await one<{ request_digest: string; outcome: string }>(
    db,
    'SELECT request_digest, outcome FROM decisions WHERE workspace_id = $1 AND aggregate = $2 AND decision_id = $3',
    [workspace_id, `incident/${incident_id}`, decision_id],
  );
  if (row === undefined) return undefined;
  return { request_digest: row.request_digest, outcome: JSON.parse(row.outcome) as DecisionOutcome['outcome'] };
}
