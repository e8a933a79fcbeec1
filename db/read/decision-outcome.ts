import { one } from '../client.ts';
import type { Queryable } from '../client.ts';

export interface DecisionOutcome {
  request_digest: string;
  outcome: { ok: true; version?: number } | { ok: false; code: string; missing?: string[] };
}

/** What a decision was answered when it was taken, or undefined when it was not. `aggregate` is `<kind>/<id>`. */
export async function decisionOutcome(
  db: Queryable,
  workspace_id: string,
  aggregate: string,
  decision_id: string,
): Promise<DecisionOutcome | undefined> {
  const row = await one<{ request_digest: string; outcome: string }>(
    db,
    'SELECT request_digest, outcome FROM decisions WHERE workspace_id = $1 AND aggregate = $2 AND decision_id = $3',
    [workspace_id, aggregate, decision_id],
  );
  if (row === undefined) return undefined;
  return { request_digest: row.request_digest, outcome: JSON.parse(row.outcome) as DecisionOutcome['outcome'] };
}
