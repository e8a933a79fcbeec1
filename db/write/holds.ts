import type { Step } from '../../domain/intake/types.ts';
import type { Gate } from '../../domain/containment/types.ts';
import type { Incident, NamedTarget } from '../../domain/incident/types.ts';
import type { Tx } from '../transaction.ts';
import { DUE_AGAIN, RESTORE_RANK, TARGET_COLUMNS, TARGET_ZEROS } from './adapter-targets.ts';
import { addTallies } from './counters.ts';
import { arrayParameters, columnArrays } from './unnest.ts';
import { together } from '../together.ts';

const COLUMNS = [
  'workspace_id',
  'hold_id',
  'gate',
  'target',
  'action',
  'incident_id',
  'reason',
  'placed_at',
  'awaited',
  'actor',
  'on_behalf_of',
] as const;
const TYPES = ['text', 'text', 'text', 'text', 'text', 'text', 'text', 'timestamptz', 'bool', 'text', 'text'];

const valuesOf = columnArrays(COLUMNS, TYPES);

/** Holds carry the generation that the statement before this one gave their gate and target. */
const INSERT = `INSERT INTO holds (${COLUMNS.join(', ')}, generation)
  SELECT s.*, g.generation FROM unnest(${arrayParameters(TYPES)}) AS s(${COLUMNS.join(', ')})
    JOIN gate_states g ON g.workspace_id = s.workspace_id AND g.gate = s.gate AND g.target = s.target`;

/**
 * Bumps the generation of each gate and target by the holds that change, and has every adapter told that keeps one of the
 * gates. Holds of the instance close gates in all workspaces, so all their adapters hear.
 */
const BUMP = `WITH moved AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int4[], $7::int2[]) AS s(w, gate, target, delta, rank)),
  bumped AS (INSERT INTO gate_states AS g (workspace_id, gate, target, generation, standing, changed_at, actor)
    SELECT w, gate, target, abs(delta), delta, $5::timestamptz, $6::text FROM moved
    ON CONFLICT (workspace_id, gate, target) DO UPDATE
      SET generation = g.generation + excluded.generation, standing = g.standing + excluded.standing,
          changed_at = excluded.changed_at, actor = excluded.actor),
  told AS (INSERT INTO adapter_targets AS t (${TARGET_COLUMNS})
    SELECT a.workspace_id, a.adapter_id, m.gate, m.target, true, min(m.rank), $5::timestamptz, ${TARGET_ZEROS}, $6::text
      FROM moved m JOIN adapters a ON a.state = 'active' AND (a.workspace_id = m.w OR m.w = 'system') AND m.gate = ANY(a.gates)
      GROUP BY a.workspace_id, a.adapter_id, m.gate, m.target ORDER BY 1, 2, 3, 4
    ON CONFLICT (workspace_id, adapter_id, gate, target) DO UPDATE SET due = true, ${DUE_AGAIN}
    RETURNING workspace_id, adapter_id),
  poked AS (INSERT INTO outbox (workspace_id, workflow_id, type, subject, version, severity_rank, created_at, actor)
    SELECT DISTINCT workspace_id, 'adapter/' || adapter_id, 'adapterSync', adapter_id, 1, 1, $5::timestamptz, $6::text FROM told
    RETURNING 1)
  SELECT pg_notify('outbox', '') FROM poked LIMIT 1`;

/** The tally that counts the standing holds of a gate. */
export const standingTally = (gate: Gate): string => `holds_standing/${gate}`;

interface Moved {
  workspace_id: string;
  gate: Gate;
  target: string;
  /** How urgent it is to tell adapters. */
  severity_rank?: number;
}

const key = (m: Moved): string => JSON.stringify([m.workspace_id, m.gate, m.target]);

/** `sign` +1 places, −1 releases. Rows are taken in key order, so that two batches never wait for each other in a ring. */
export async function bump(tx: Tx, moved: Moved[], sign: 1 | -1, now: string, actor: string): Promise<void> {
  const counts = new Map<string, { m: Moved; n: number; rank: number }>();
  for (const m of moved) {
    const same = counts.get(key(m));
    const rank = Math.min(same?.rank ?? RESTORE_RANK, m.severity_rank ?? RESTORE_RANK);
    counts.set(key(m), { m, n: (same?.n ?? 0) + sign, rank });
  }
  const sorted = [...counts.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, v]) => v);
  const bumped = tx.query({
    name: 'gate-states-bump',
    text: BUMP,
    values: [
      sorted.map((s) => s.m.workspace_id),
      sorted.map((s) => s.m.gate),
      sorted.map((s) => s.m.target),
      sorted.map((s) => s.n),
      now,
      actor,
      sorted.map((s) => s.rank),
    ],
  });
  await together([bumped, countStanding(tx, moved, sign)]);
}

async function countStanding(tx: Tx, moved: Moved[], sign: 1 | -1): Promise<void> {
  const counts = new Map<string, { workspace_id: string; name: string; n: number }>();
  for (const { workspace_id, gate } of moved) {
    const name = standingTally(gate);
    const count = counts.get(`${workspace_id} ${name}`) ?? { workspace_id, name, n: 0 };
    counts.set(`${workspace_id} ${name}`, { ...count, n: count.n + sign });
  }
  await addTallies(
    tx,
    [...counts.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count),
  );
}

/** Whether an adapter has yet to acknowledge the target. */
const awaits = (incident: Incident, { action, target }: NamedTarget): boolean =>
  incident.actions.some((a) => a.action === action && a.target === target && a.status === 'pending');

/** The first hold of an action is named by it, those of further targets are numbered in the order they were added. */
function holdId({ id, actions }: Incident, { action, target }: NamedTarget): string {
  const n = actions.filter((a) => a.action === action).findIndex((a) => a.target === target);
  return n <= 0 ? `${id}/${action}` : `${id}/${action}/${n + 1}`;
}

/** Places every hold the steps ask for; from the commit on `checkGate` denies. */
export async function placeHolds(tx: Tx, steps: Step[], now: string): Promise<void> {
  const placed = steps.flatMap(({ incident, effects, actor, on_behalf_of }) =>
    effects.flatMap((e) =>
      e.kind !== 'place_hold'
        ? []
        : [
            {
              workspace_id: incident.workspace_id,
              hold_id: holdId(incident, e),
              gate: e.gate,
              target: e.target,
              action: e.action,
              incident_id: incident.id,
              reason: `${incident.severity} ${incident.class}`,
              placed_at: now,
              awaited: awaits(incident, e),
              severity_rank: incident.severity_rank,
              actor,
              on_behalf_of,
            },
          ],
    ),
  );
  if (placed.length === 0) return;
  await together([
    bump(tx, placed, 1, now, placed[0]?.actor ?? ''),
    tx.query({ name: 'holds-insert', text: INSERT, values: valuesOf(placed) }),
  ]);
}

/** Takes back the releases granted for incidents that have recurred since. */
export async function revokeGrants(tx: Tx, steps: Step[]): Promise<void> {
  const again = steps.filter(({ effects }) => effects.some((e) => e.kind === 'revoke_grants')).map((s) => s.incident);
  if (again.length === 0) return;
  await tx.query({
    name: 'grants-revoke',
    text: `UPDATE holds AS h SET release_granted_at = NULL, release_granted_by = NULL, release_reason = NULL
      FROM (SELECT DISTINCT w, id FROM unnest($1::text[], $2::text[]) AS u(w, id)) AS k
      WHERE h.workspace_id = k.w AND h.incident_id = k.id AND h.released_at IS NULL AND h.release_granted_at IS NOT NULL`,
    values: [again.map((i) => i.workspace_id), again.map((i) => i.id)],
  });
}

export const releasesHolds = (steps: Step[]): boolean =>
  steps.some(({ effects }) => effects.some((e) => e.kind === 'release_holds'));

/** After the bump: an adapter that is retired meanwhile waits for these rows, and ends their wait with its own part. */
const RESTORING = `UPDATE holds h SET restoring = true FROM unnest($1::text[], $2::text[]) AS k(w, id)
  WHERE h.workspace_id = k.w AND h.incident_id = k.id AND h.released_at = $3 AND EXISTS (SELECT 1 FROM adapters a
    JOIN adapter_targets t ON t.workspace_id = a.workspace_id AND t.adapter_id = a.adapter_id AND t.gate = h.gate AND t.target = h.target
    WHERE a.state = 'active' AND (a.workspace_id = h.workspace_id OR h.workspace_id = 'system') AND t.due)`;

/** Each incident keeps the holds of the actions that end by another decision, unless that one was granted. */
const RELEASE = `UPDATE holds AS h SET released_at = $3, released_by = k.actor, release_reason = 'resolved'
  FROM unnest($1::text[], $2::text[], $4::text[], $5::jsonb[]) AS k(w, id, actor, keep)
  WHERE h.workspace_id = k.w AND h.incident_id = k.id AND h.released_at IS NULL
    AND (h.release_granted_at IS NOT NULL OR NOT k.keep ? h.action)
  RETURNING h.workspace_id, h.gate, h.target`;

/**
 * Releases the incidents' own holds in one statement; their rows belong to incidents that the transaction has locked. Adapters
 * have yet to hear of it.
 */
export async function releaseHolds(tx: Tx, steps: Step[], now: string): Promise<void> {
  const ending = steps.flatMap(({ incident: { workspace_id, id }, effects, actor }) =>
    effects.flatMap((e) => (e.kind === 'release_holds' ? [{ workspace_id, id, actor, keep: e.keep }] : [])),
  );
  if (ending.length === 0) return;
  const values = [
    ending.map((e) => e.workspace_id),
    ending.map((e) => e.id),
    now,
    ending.map((e) => e.actor),
    ending.map((e) => JSON.stringify(e.keep)),
  ];
  const { rows } = await tx.query<Moved>({ name: 'holds-release', text: RELEASE, values });
  if (rows.length === 0) return;
  await bump(tx, rows, -1, now, ending[0]?.actor ?? '');
  await tx.query({ name: 'holds-restoring', text: RESTORING, values: values.slice(0, 3) });
}
