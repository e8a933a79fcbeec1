import { closedBy } from '../../domain/adapter/state.ts';
import type { AdapterState, AdapterTarget, ToldHold } from '../../domain/adapter/state.ts';
import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import { gateWorkspaces, HOLDS_SHOWN } from './check-gate.ts';

/** What an adapter is to be told, and which generations of the target itself that covers. */
export interface PresentState {
  state: AdapterState;
  own: number;
  instance: number;
}

/**
 * One statement: generations and holds are of the same moment. `*` closes every target, so its generations count in what
 * travels; `own` and `instance` are the target's alone, for what an adapter holds of one settles nothing of the other.
 */
const STATE = `SELECT
    coalesce(sum(g.generation) FILTER (WHERE g.target = $4 AND g.workspace_id = $1), 0)::int8 AS own,
    coalesce(sum(g.generation) FILTER (WHERE g.target = $4 AND g.workspace_id <> $1), 0)::int8 AS instance,
    coalesce(sum(g.generation), 0)::int8 AS generation,
    coalesce(sum(g.standing), 0)::int4 AS hold_count,
    (SELECT coalesce(json_agg(h), '[]') FROM (
      SELECT s.* FROM unnest($2::text[]) AS w(id), unnest($5::text[]) AS t(target),
        LATERAL (SELECT hold_id, incident_id, placed_at AS since, reason FROM holds
          WHERE workspace_id = w.id AND gate = $3 AND target = t.target AND released_at IS NULL
          ORDER BY placed_at, hold_id LIMIT ${HOLDS_SHOWN}) AS s
        ORDER BY s.since, s.hold_id LIMIT ${HOLDS_SHOWN}) AS h) AS holds
  FROM gate_states g WHERE g.workspace_id = ANY($2) AND g.gate = $3 AND g.target = ANY($5)`;

interface Row {
  own: number;
  instance: number;
  generation: number;
  hold_count: number;
  holds: { hold_id: string; incident_id: string | null; since: string; reason: string }[];
}

/** What a gate is for a target at this moment, as an adapter of the workspace is to be told. */
export async function presentState(
  db: Queryable,
  workspace_id: string,
  { gate, target }: AdapterTarget,
): Promise<PresentState> {
  const values = [workspace_id, gateWorkspaces(workspace_id), gate, target, closedBy(target)];
  const row = await one<Row>(db, STATE, values);
  if (row === undefined) throw new Error('a gate has no state');
  const { own, instance, generation, hold_count } = row;
  const holds = row.holds.map(({ incident_id, since, ...hold }): ToldHold => ({
    ...hold,
    since: new Date(since).toISOString(),
    ...(incident_id === null ? {} : { incident_id }),
  }));
  const state = hold_count > 0 ? 'closed' : 'open';
  const reason = holds[0]?.reason ?? 'released';
  return { state: { gate, target, state, generation, holds, hold_count, reason }, own, instance };
}
