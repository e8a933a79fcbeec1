import type { Incident } from '../../domain/incident/types.ts';
import type { Tx } from '../transaction.ts';
import { together } from '../together.ts';

const COUNT = `INSERT INTO incident_counters AS c (workspace_id, class, severity, state, n, actor)
  SELECT *, 'system' FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int8[])
  ON CONFLICT (workspace_id, class, severity, state) DO UPDATE SET n = c.n + excluded.n`;
const TALLY = `INSERT INTO tallies AS t (workspace_id, name, n, actor)
  SELECT *, 'system' FROM unnest($1::text[], $2::text[], $3::int8[])
  ON CONFLICT (workspace_id, name) DO UPDATE SET n = t.n + excluded.n`;

class Deltas {
  readonly #byKey = new Map<string, number>();
  add(key: string[], n: number): void {
    const k = JSON.stringify(key);
    this.#byKey.set(k, (this.#byKey.get(k) ?? 0) + n);
  }
  /** Non-zero deltas in key order: the order in which every transaction locks counter rows. */
  entries(): { key: string[]; n: number }[] {
    return [...this.#byKey.entries()]
      .filter(([, n]) => n !== 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, n]) => ({ key: JSON.parse(k) as string[], n }));
  }
}

/** Moves counts from what the rows were to what they are. */
export async function writeCounters(tx: Tx, before: ReadonlyMap<string, Incident>, after: Incident[]): Promise<void> {
  const counts = new Deltas();
  const tallies = new Deltas();
  for (const incident of after) {
    count(counts, tallies, before.get(`${incident.workspace_id}/${incident.id}`), -1);
    count(counts, tallies, incident, 1);
  }
  const c = counts.entries();
  const writes: Promise<unknown>[] = [];
  if (c.length > 0) {
    const column = (i: number) => c.map(({ key }) => key[i]);
    writes.push(
      tx.query({
        name: 'counters',
        text: COUNT,
        values: [column(0), column(1), column(2), column(3), c.map((d) => d.n)],
      }),
    );
  }
  writes.push(
    addTallies(
      tx,
      tallies.entries().map(({ key: [workspace_id = '', name = ''], n }) => ({ workspace_id, name, n })),
    ),
  );
  await together(writes);
}

function count(counts: Deltas, tallies: Deltas, incident: Incident | undefined, n: 1 | -1): void {
  if (incident === undefined) return;
  counts.add([incident.workspace_id, incident.class, incident.severity, incident.state], n);
  if (incident.contained_at !== null) tallies.add([incident.workspace_id, 'contained_ever'], n);
  if (incident.recovery_pending) tallies.add([incident.workspace_id, 'recovery_pending'], n);
}

/** Adds to named totals; callers hand them over in key order. */
export async function addTallies(tx: Tx, deltas: { workspace_id: string; name: string; n: number }[]): Promise<void> {
  if (deltas.length === 0) return;
  const values = [deltas.map((d) => d.workspace_id), deltas.map((d) => d.name), deltas.map((d) => d.n)];
  await tx.query({ name: 'tallies', text: TALLY, values });
}
