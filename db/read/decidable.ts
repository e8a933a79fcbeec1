import type { Incident } from '../../domain/incident/types.ts';
import { prepared } from '../client.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';
import type { DecisionOutcome } from './decision-outcome.ts';

/** An incident that is to be decided on, as it stood at one moment. */
export interface Decidable {
  incident: Incident;
  /** The types of the processes that should be waiting for it. */
  waiting: ReadonlySet<string>;
  /** What this very decision was answered when it was taken; undefined when it was not. */
  taken: DecisionOutcome | undefined;
}

type Row = Incident & { waiting: string[]; taken_digest: string | null; taken_outcome: string | null };

const DECIDABLE = `SELECT i.*, d.request_digest AS taken_digest, d.outcome AS taken_outcome,
    ARRAY(SELECT p.type FROM process p WHERE p.workspace_id = i.workspace_id
      AND p.workflow_id IN ('incident/' || i.id, 'recovery/' || i.id) AND p.over_at IS NULL) AS waiting
  FROM incidents i LEFT JOIN decisions d
    ON d.workspace_id = i.workspace_id AND d.aggregate = 'incident/' || i.id AND d.decision_id = $3
  WHERE i.workspace_id = ANY($1) AND i.id = $2`;

/** All that the door asks of the record about one decision, in one statement; undefined for an incident the caller cannot see. */
export async function decidable(
  db: Queryable,
  workspace_id: string,
  id: string,
  decision_id: string,
): Promise<Decidable | undefined> {
  const [row] = await prepared<Row>(db, 'decidable', DECIDABLE, [visibleWorkspaces(workspace_id), id, decision_id]);
  if (row === undefined) return undefined;
  const { waiting, taken_digest, taken_outcome, ...incident } = row;
  const taken =
    taken_digest === null || taken_outcome === null
      ? undefined
      : { request_digest: taken_digest, outcome: JSON.parse(taken_outcome) as DecisionOutcome['outcome'] };
  return { incident, waiting: new Set(waiting), taken };
}
