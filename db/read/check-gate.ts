import type { Gate } from '../../domain/containment/types.ts';
import type { Queryable } from '../client.ts';

/** A hold as its readers see it; the count of a gate may exceed what is shown. */
export interface HoldView {
  hold_id: string;
  incident_id?: string;
  kill_id?: string;
  drill_id?: string;
  since: string;
  reason: string;
}

export interface GateVerdict {
  open: boolean;
  holds: HoldView[];
}

/** How many standing holds an answer names. */
export const HOLDS_SHOWN = 20;

interface Row {
  hold_id: string;
  incident_id: string | null;
  kill_id: string | null;
  drill_id: string | null;
  placed_at: string;
  reason: string;
}

const COLUMNS = 'h.hold_id, h.incident_id, h.kill_id, h.drill_id, h.placed_at, h.reason';

/** A hold on the target or on everything closes it. */
const FOR_TARGET = `SELECT ${COLUMNS} FROM unnest($1::text[]) AS w(id), unnest(ARRAY[$3::text, '*']) AS t(target),
  LATERAL (SELECT * FROM holds WHERE workspace_id = w.id AND gate = $2 AND target = t.target AND released_at IS NULL
    ORDER BY placed_at, hold_id LIMIT ${HOLDS_SHOWN}) AS h
  ORDER BY h.placed_at, h.hold_id LIMIT ${HOLDS_SHOWN}`;

/** Without a target the caller may be about to act on any of them: one hold anywhere behind the gate closes it. */
const FOR_ANY = `SELECT ${COLUMNS} FROM unnest($1::text[]) AS w(id),
  LATERAL (SELECT * FROM holds WHERE workspace_id = w.id AND gate = $2 AND released_at IS NULL
    ORDER BY target, placed_at, hold_id LIMIT ${HOLDS_SHOWN}) AS h
  ORDER BY h.placed_at, h.hold_id LIMIT ${HOLDS_SHOWN}`;

/** Holds of `system` close gates in every workspace. */
export const gateWorkspaces = (workspace_id: string): string[] => [...new Set([workspace_id, 'system'])];

/** The statement of `checkGate`. */
export function gateQuery(workspace_id: string, gate: Gate, target?: string) {
  const workspaces = gateWorkspaces(workspace_id);
  return target === undefined
    ? { name: 'check-gate', text: FOR_ANY, values: [workspaces, gate] }
    : { name: 'check-gate-target', text: FOR_TARGET, values: [workspaces, gate, target] };
}

/**
 * Whether a gate is open for a target, by the holds that stand at this moment; never cached. A target of `*` asks like
 * none. Throws when the database cannot be asked: whoever enforces the gate then keeps it closed.
 */
export async function checkGate(
  db: Queryable,
  workspace_id: string,
  gate: Gate,
  target?: string,
): Promise<GateVerdict> {
  const result = await db.query(gateQuery(workspace_id, gate, target === '*' ? undefined : target));
  const holds = (result.rows as Row[]).map(holdView);
  return { open: holds.length === 0, holds };
}

function holdView(row: Row): HoldView {
  return {
    hold_id: row.hold_id,
    ...(row.incident_id === null ? {} : { incident_id: row.incident_id }),
    ...(row.kill_id === null ? {} : { kill_id: row.kill_id }),
    ...(row.drill_id === null ? {} : { drill_id: row.drill_id }),
    since: row.placed_at,
    reason: row.reason,
  };
}
