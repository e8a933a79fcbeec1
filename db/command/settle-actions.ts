import { transition } from '../../domain/incident/transition.ts';
import type { IncidentEvent } from '../../domain/incident/transition.ts';
import type { Gate } from '../../domain/containment/types.ts';
import type { Incident, NamedTarget } from '../../domain/incident/types.ts';
import type { Step } from '../../domain/intake/types.ts';
import { one, rows } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { sha256, writeChange } from '../write/change.ts';
import { INSTANCE } from './caller.ts';

const AT_ONCE = 200;

/** Whose doing a change of actions is, as the ledger names it. */
export interface Doer {
  actor: string;
  on_behalf_of: string | null;
}

/** The adapter that a change comes from, and what of it is meant; without a target every one that it keeps. */
export interface Part {
  workspace_id: string;
  gates: readonly Gate[];
  target?: string;
}

interface Held extends NamedTarget {
  workspace_id: string;
  hold_id: string;
  incident_id: string;
}

/**
 * Serialises what settles actions with what voids them, per gate in the order of their names, before any row is locked:
 * else an acknowledgement that is just being judged could settle what a loss has just made void.
 */
export async function lockGates(tx: Tx, gates: readonly Gate[]): Promise<void> {
  for (const gate of gates.toSorted())
    await tx.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`adapter-settlement:${gate}`]);
}

const HOLDS = `SELECT h.workspace_id, h.hold_id, h.incident_id, h.action, h.target FROM holds h
  WHERE h.workspace_id = ANY($1) AND h.gate = ANY($2) AND ($3::text IS NULL OR h.target = $3) AND h.incident_id IS NOT NULL`;

/** No active adapter that keeps the hold's gate is behind its generation. */
const HELD_EVERYWHERE = `NOT EXISTS (SELECT 1 FROM adapters a
  LEFT JOIN adapter_targets t ON t.workspace_id = a.workspace_id AND t.adapter_id = a.adapter_id AND t.gate = h.gate AND t.target = h.target
  WHERE a.state = 'active' AND (h.workspace_id = '${INSTANCE}' OR a.workspace_id = h.workspace_id) AND h.gate = ANY(a.gates)
    AND coalesce(CASE WHEN a.workspace_id = h.workspace_id THEN t.held_own ELSE t.held_instance END, 0) < h.generation)`;

const scope = ({ workspace_id, gates, target }: Part): unknown[] => [
  [...new Set([workspace_id, INSTANCE])],
  gates,
  target ?? null,
];

/**
 * Settles a batch of the awaited actions that every adapter now holds; `retired` names how the last one came to. Returns
 * the incidents it touched, and whether there is more to settle.
 */
export async function settleHeld(
  tx: Tx,
  part: Part,
  by: Doer,
  retired = false,
): Promise<{ incidents: string[]; more: boolean }> {
  const held = await rows<Held>(
    tx,
    `${HOLDS} AND h.awaited AND ${HELD_EVERYWHERE} ORDER BY h.generation, h.hold_id LIMIT ${AT_ONCE}`,
    scope(part),
  );
  const settled = await change(tx, held, (of) => ({ kind: 'settle', ...of, retired }), by);
  await setAwaited(tx, held, false);
  return { incidents: incidentsOf(settled), more: held.length === AT_ONCE };
}

/** Marks a batch of pending actions failed that the adapter should hold and does not; they stay awaited. */
export async function failPending(
  tx: Tx,
  part: Part & { target: string; adapter_id: string },
  error: string,
  by: Doer,
): Promise<boolean> {
  const held = await rows<Held>(
    tx,
    `${HOLDS} AND h.awaited AND EXISTS (SELECT 1 FROM incidents i, jsonb_array_elements(i.actions) AS e
        WHERE i.workspace_id = h.workspace_id AND i.id = h.incident_id
          AND e->>'action' = h.action AND e->>'target' = h.target AND e->>'status' = 'pending')
      AND h.generation > coalesce((SELECT CASE WHEN t.workspace_id = h.workspace_id THEN t.held_own ELSE t.held_instance END
        FROM adapter_targets t WHERE t.workspace_id = $4 AND t.adapter_id = $5 AND t.gate = h.gate AND t.target = h.target), 0)
      ORDER BY h.generation, h.hold_id LIMIT ${AT_ONCE}`,
    [...scope(part), part.workspace_id, part.adapter_id],
  );
  await change(tx, held, (of) => ({ kind: 'fail', ...of, error }), by);
  return held.length === AT_ONCE;
}

/** Makes every settled action pending again that an adapter held and holds no more. */
export async function losePart(tx: Tx, part: Part, by: Doer): Promise<string[]> {
  const held = await rows<Held>(
    tx,
    `${HOLDS} AND h.released_at IS NULL AND NOT h.awaited ORDER BY h.hold_id`,
    scope(part),
  );
  const lost = await change(tx, held, (of) => ({ kind: 'lose', ...of }), by);
  await setAwaited(tx, lost, true);
  return incidentsOf(lost);
}

const incidentsOf = (held: Held[]): string[] => [...new Set(held.map((h) => h.incident_id))];

/** Judges one event per hold on the locked rows of their incidents, in id order, and writes what changed: which holds it was. */
async function change(tx: Tx, held: Held[], event: (of: NamedTarget) => IncidentEvent, by: Doer): Promise<Held[]> {
  if (held.length === 0) return [];
  const locked = await rows<Incident>(
    tx,
    `SELECT i.* FROM incidents i JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS k(w, id)) AS k
      ON i.workspace_id = k.w AND i.id = k.id ORDER BY i.id FOR UPDATE OF i`,
    [held.map((h) => h.workspace_id), held.map((h) => h.incident_id)],
  );
  const before = new Map(locked.map((i) => [`${i.workspace_id}/${i.id}`, i]));
  const now =
    (await one<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`))?.now ?? '';
  const current = new Map(before);
  const steps: Step[] = [];
  const moved: Held[] = [];
  for (const hold of held) {
    const key = `${hold.workspace_id}/${hold.incident_id}`;
    const incident = current.get(key);
    if (incident === undefined) continue;
    const verdict = transition(incident, event({ action: hold.action, target: hold.target }), now, sha256);
    if (!verdict.ok || !verdict.changed) continue;
    current.set(key, verdict.incident);
    steps.push({ incident: verdict.incident, effects: verdict.effects, ...by });
    moved.push(hold);
  }
  if (steps.length > 0) await writeChange(tx, { now, before, steps });
  return moved;
}

async function setAwaited(tx: Tx, held: Held[], awaited: boolean): Promise<void> {
  if (held.length === 0) return;
  await tx.query(
    `UPDATE holds h SET awaited = $3 FROM unnest($1::text[], $2::text[]) AS k(w, id)
      WHERE h.workspace_id = k.w AND h.hold_id = k.id`,
    [held.map((h) => h.workspace_id), held.map((h) => h.hold_id), awaited],
  );
}
