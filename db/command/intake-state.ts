import type { OpenEscalation } from '../../domain/escalation/crossing.ts';
import type { WindowEvent } from '../../domain/containment/escalation.ts';
import { windowKey } from '../../domain/intake/types.ts';
import type { IntakeOutcome, IntakeReport, IntakeState } from '../../domain/intake/types.ts';
import { prepared } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { subscribedActions } from '../read/adapters.ts';
import { lockNamed, windowsOf } from './intake-folds.ts';
import { activePolicy, lastPolicy } from './policies.ts';
import { together } from '../together.ts';

/**
 * Locks and reads everything a batch is judged by: windows in class order, then the incidents it may change by id. All of
 * it travels together. What is to be locked depends on the policy, so the one seen last is presumed; where another has
 * become active, or a class had no window yet, the incidents are asked for again.
 */
export async function loadIntake(tx: Tx, reports: IntakeReport[]): Promise<IntakeState> {
  const presumed = lastPolicy();
  const [active, subscribed, { windows, escalations, added }, numbers, early] = await together([
    activePolicy(tx),
    subscribedActions(
      tx,
      reports.map((r) => r.workspace_id),
    ),
    lockWindows(tx, reports),
    allocateNumbers(tx, reports.length),
    presumed === undefined ? null : lockNamed(tx, reports, presumed.policy),
  ]);
  const settled = early !== null && !added && presumed?.digest === active.digest;
  const { incidents, dedup, floods } = settled ? early : await lockNamed(tx, reports, active.policy);
  return {
    now: numbers.now,
    policy: active.policy,
    policy_digest: active.digest,
    subscribed,
    windows,
    escalations,
    incidents,
    dedup,
    floods,
    allocate: () => {
      const next = numbers.values.shift();
      if (next === undefined) throw new Error('more incidents than reports in a batch');
      return next;
    },
  };
}

interface WindowRow {
  workspace_id: string;
  class: IntakeReport['report']['class'];
  events: WindowEvent[];
  escalation: string | null;
  crossings: number;
}

async function lockWindows(
  tx: Tx,
  reports: IntakeReport[],
): Promise<{ windows: Map<string, WindowEvent[]>; escalations: Map<string, OpenEscalation>; added: boolean }> {
  const pairs = windowsOf(reports);
  const select = () =>
    prepared<WindowRow>(
      tx,
      'windows-lock',
      `SELECT w.workspace_id, w.class, w.events, w.escalation, w.crossings FROM escalation_windows w
        JOIN unnest($1::text[], $2::text[]) AS k(w, c) ON w.workspace_id = k.w AND w.class = k.c
        ORDER BY w.workspace_id, w.class FOR UPDATE OF w`,
      [pairs.map(([w]) => w), pairs.map(([, c]) => c)],
    );
  let locked = await select();
  const added = locked.length < pairs.length;
  if (added) {
    await tx.query(
      `INSERT INTO escalation_windows (workspace_id, class, events, actor)
        SELECT w, c, '[]', 'system' FROM unnest($1::text[], $2::text[]) AS k(w, c) ON CONFLICT DO NOTHING`,
      [pairs.map(([w]) => w), pairs.map(([, c]) => c)],
    );
    locked = await select();
  }
  const open = locked.flatMap(({ escalation, crossings, ...row }): [string, OpenEscalation][] =>
    escalation === null ? [] : [[windowKey(row.workspace_id, row.class), { escalation, crossings }]],
  );
  return {
    windows: new Map(locked.map((row) => [windowKey(row.workspace_id, row.class), row.events])),
    escalations: new Map(open),
    added,
  };
}

async function allocateNumbers(tx: Tx, n: number): Promise<{ now: string; values: number[] }> {
  const found = await prepared<{ now: string; number: number }>(
    tx,
    'numbers-allocate',
    `SELECT date_trunc('milliseconds', clock_timestamp()) AS now, nextval('incident_number') AS number FROM generate_series(1, $1::int4)`,
    [n],
  );
  return { now: found.at(-1)?.now ?? '', values: found.map((row) => row.number) };
}

/** Writes back the windows that the batch moved: which incident crossed one last, and the escalation it belongs to. */
export async function saveWindows(tx: Tx, outcome: IntakeOutcome, now: string): Promise<void> {
  const crossed = new Map(outcome.crossings.map((c) => [windowKey(c.workspace_id, c.class), c]));
  const moved = [...outcome.windows].map(([key, events]) => ({
    key: JSON.parse(key) as [string, string],
    events,
    crossing: crossed.get(key),
  }));
  if (moved.length === 0) return;
  await tx.query({
    name: 'windows-save',
    text: `UPDATE escalation_windows AS w SET events = s.events, last_event_at = $4,
        crossing_incident = coalesce(s.crossing, w.crossing_incident),
        crossed_at = CASE WHEN s.crossing IS NULL THEN w.crossed_at ELSE $4::timestamptz END,
        escalation = coalesce(s.escalation, w.escalation), crossings = coalesce(s.crossings, w.crossings)
      FROM unnest($1::text[], $2::text[], $3::jsonb[], $5::text[], $6::text[], $7::int4[])
        AS s(workspace_id, class, events, crossing, escalation, crossings)
      WHERE w.workspace_id = s.workspace_id AND w.class = s.class`,
    values: [
      moved.map((m) => m.key[0]),
      moved.map((m) => m.key[1]),
      moved.map((m) => JSON.stringify(m.events)),
      now,
      moved.map((m) => m.crossing?.incident_id ?? null),
      moved.map((m) => m.crossing?.escalation ?? null),
      moved.map((m) => m.crossing?.crossings ?? null),
    ],
  });
}
