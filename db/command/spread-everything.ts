import { EVERYTHING } from '../../domain/containment/types.ts';
import type { Gate } from '../../domain/containment/types.ts';
import { one, rows } from '../client.ts';
import type { Database } from '../client.ts';
import { gateWorkspaces } from '../read/check-gate.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { CLOSED_BY_EVERYTHING_RANK, RESTORE_RANK } from '../write/adapter-targets.ts';
import type { AdapterKey } from '../write/adapter-targets.ts';

/** Targets made due in one transaction. */
const AT_ONCE = 1000;

const BEHIND = `SELECT t.gate, s.generation, s.closed FROM adapter_targets t
  CROSS JOIN LATERAL (SELECT coalesce(sum(g.generation), 0)::int8 AS generation, coalesce(sum(g.standing), 0) > 0 AS closed
    FROM gate_states g WHERE g.workspace_id = ANY($3) AND g.gate = t.gate AND g.target = '${EVERYTHING}') AS s
  WHERE t.workspace_id = $1 AND t.adapter_id = $2 AND t.gate = ANY($4) AND t.target = '${EVERYTHING}'
    AND t.spread_generation <> s.generation ORDER BY t.gate`;

const NO_OWN_HOLD = `AND NOT EXISTS (SELECT 1 FROM gate_states g
        WHERE g.workspace_id = ANY($5) AND g.gate = t.gate AND g.target = t.target AND g.standing > 0)`;

/**
 * Makes a batch of targets due that the adapter last acknowledged in the other state; those that are due anyway will be
 * told by the present state. A row that somebody is just changing is left for the next look: nobody waits here.
 */
const spreadStatement = (closed: boolean): string => `WITH wrong AS MATERIALIZED (
    SELECT t.target FROM adapter_targets t WHERE t.workspace_id = $1 AND t.adapter_id = $2 AND t.gate = $3 AND NOT t.due
      AND t.acknowledged_state = '${closed ? 'open' : 'closed'}' AND t.target <> '${EVERYTHING}' ${closed ? '' : NO_OWN_HOLD}
      ORDER BY t.target LIMIT ${AT_ONCE}),
  free AS (SELECT t.target FROM adapter_targets t JOIN wrong w ON w.target = t.target
    WHERE t.workspace_id = $1 AND t.adapter_id = $2 AND t.gate = $3 AND NOT t.due FOR UPDATE OF t SKIP LOCKED),
  marked AS (UPDATE adapter_targets t SET due = true, severity_rank = $4, due_at = clock_timestamp(), attempts = 0
    FROM free f WHERE t.workspace_id = $1 AND t.adapter_id = $2 AND t.gate = $3 AND t.target = f.target RETURNING 1)
  SELECT (SELECT count(*) FROM wrong)::int4 AS wrong, (SELECT count(*) FROM marked)::int4 AS marked`;

interface Behind {
  gate: Gate;
  generation: number;
  closed: boolean;
}

/**
 * A hold on `*` closes every target and its release may open them, so an adapter hears of those that it knows in another
 * state. It is done by the adapter's process and not by whoever changes the hold: that is one transaction for all
 * adapters, and an acknowledgement that is just being written could not see it. False when there is more to spread.
 */
export async function spreadEverything(db: Database, of: AdapterKey, gates: Gate[]): Promise<boolean> {
  let done = true;
  for (const { gate } of await rows<Behind>(db, BEHIND, behindOf(of, gates)))
    done = (await transaction(db, (tx) => spreadGate(tx, of, gate))) && done;
  return done;
}

const behindOf = ({ workspace_id, adapter_id }: AdapterKey, gates: Gate[]) => [
  workspace_id,
  adapter_id,
  gateWorkspaces(workspace_id),
  gates,
];

/** Under the adapter's lock, as answers are: one that is not committed yet has not seen `*` as it is now. */
async function spreadGate(tx: Tx, of: AdapterKey, gate: Gate): Promise<boolean> {
  const key = [of.workspace_id, of.adapter_id];
  await tx.query('SELECT 1 FROM adapters WHERE workspace_id = $1 AND adapter_id = $2 FOR UPDATE', key);
  await tx.query(
    'SELECT 1 FROM adapter_targets WHERE workspace_id = $1 AND adapter_id = $2 AND gate = $3 AND target = $4 FOR UPDATE',
    [...key, gate, EVERYTHING],
  );
  const behind = await one<Behind>(tx, BEHIND, behindOf(of, [gate]));
  if (behind === undefined) return true;
  const rank = behind.closed ? CLOSED_BY_EVERYTHING_RANK : RESTORE_RANK;
  const values = [...key, gate, rank, ...(behind.closed ? [] : [gateWorkspaces(of.workspace_id)])];
  const found = await one<{ wrong: number; marked: number }>(tx, spreadStatement(behind.closed), values);
  if (found === undefined || found.wrong === AT_ONCE || found.marked < found.wrong) return false;
  await tx.query(
    `UPDATE adapter_targets SET spread_generation = $5 WHERE workspace_id = $1 AND adapter_id = $2 AND gate = $3 AND target = $4`,
    [...key, gate, EVERYTHING, behind.generation],
  );
  return true;
}
