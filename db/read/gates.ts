import { GATES } from '../../domain/containment/types.ts';
import type { Gate } from '../../domain/containment/types.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { standingTally } from '../write/holds.ts';
import { checkGate, gateWorkspaces } from './check-gate.ts';
import type { GateVerdict } from './check-gate.ts';

/** A gate with the first of its holds and how many stand. */
export interface GateOverview extends GateVerdict {
  gate: Gate;
  hold_count: number;
}

/** The five gates as one workspace finds them. */
export async function gatesOverview(db: Queryable, workspace_id: string): Promise<GateOverview[]> {
  const counts = await standingHolds(db, workspace_id);
  const out: GateOverview[] = [];
  for (const gate of GATES) {
    const verdict = await checkGate(db, workspace_id, gate);
    out.push({ gate, ...verdict, hold_count: Math.max(counts.get(gate) ?? 0, verdict.holds.length) });
  }
  return out;
}

async function standingHolds(db: Queryable, workspace_id: string): Promise<Map<Gate, number>> {
  const found = await rows<{ name: string; n: number }>(
    db,
    'SELECT name, sum(n)::int8 AS n FROM tallies WHERE workspace_id = ANY($1) AND name = ANY($2) GROUP BY name',
    [gateWorkspaces(workspace_id), GATES.map(standingTally)],
  );
  const byName = new Map(found.map((row) => [row.name, row.n]));
  return new Map(GATES.map((gate) => [gate, byName.get(standingTally(gate)) ?? 0]));
}
