import type { Limit } from '../../domain/slo/thresholds.ts';
import type { Database } from '../client.ts';
import { INSTANCE } from './caller.ts';

/**
 * Adds what limiters of a process refused to the present minute. Counts, as tallies are: the entry in the ledger is of the
 * signal that they turn, for one of each refusal would let a stranger write the log.
 */
export async function countRefusals(db: Database, counts: ReadonlyMap<Limit, number>): Promise<void> {
  const sorted = [...counts].filter(([, n]) => n > 0).sort(([a], [b]) => (a < b ? -1 : 1));
  if (sorted.length === 0) return;
  await db.query({
    name: 'limit-refusals',
    text: `INSERT INTO limit_refusals AS r (workspace_id, signal, minute, n, actor)
      SELECT $1, signal, date_trunc('minute', clock_timestamp()), n, 'limits' FROM unnest($2::text[], $3::int4[]) AS c(signal, n)
      ON CONFLICT (workspace_id, signal, minute) DO UPDATE SET n = least(r.n::int8 + excluded.n, 2000000000)`,
    values: [INSTANCE, sorted.map(([signal]) => signal), sorted.map(([, n]) => Math.min(n, 1_000_000_000))],
  });
}
