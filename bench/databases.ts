// Each read, gate check, report and resolve over databases of several sizes, one client: p50 and p95 as ratios to the same
// request over 1,000 incidents, the two databases taking turns; `>` marks what is above 1.5. And the API's memory over
// many requests. BENCH_DATABASES: `total:open` of each. Every database, the smallest too, has a page of resolved ones.
import { startSide } from './database-side.ts';
import type { Side } from './database-side.ts';
import { OPERATIONS } from './operations.ts';
import type { Operation } from './operations.ts';
import { quantile, summary } from './statistics.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SAMPLES = Number(process.env['BENCH_SAMPLES'] ?? 100);
const REQUESTS = Number(process.env['BENCH_REQUESTS'] ?? 20_000);
const DATABASES = (process.env['BENCH_DATABASES'] ?? '100000:1000,1000000:1000,100000:100000').split(',');
/** Matches names of operations. */
const ONLY = new RegExp(process.env['BENCH_ONLY'] ?? '');
const CLIENTS = 8;
const LIMIT = 1.5;
const RESOLVED_AT_LEAST = 600;

const operations = OPERATIONS.filter(({ name }) => ONLY.test(name));

async function timed(operation: Operation, side: Side, n: number): Promise<number> {
  await operation.prepare?.(side, n);
  const from = performance.now();
  await operation.run(side, n);
  return performance.now() - from;
}

/** Two answers of different length take different times, whatever lies behind them. */
async function lengths(base: Side, other: Side, operation: Operation): Promise<string> {
  if (isWrite(operation)) return '';
  const [few = 0, many = 0] = await Promise.all(
    [base, other].map(async (side) => {
      const answer = JSON.parse((await operation.run(side, 0)).body) as unknown[] | { pending_recoveries?: unknown[] };
      return Array.isArray(answer) ? answer.length : (answer.pending_recoveries?.length ?? 1);
    }),
  );
  return few === many ? '' : ` (${many} items, there ${few})`;
}

const isWrite = ({ name }: Operation): boolean => /^(report|resolve)/.test(name);

async function compare(base: Side, other: Side, operation: Operation): Promise<void> {
  const p50: Record<'base' | 'other', number[]> = { base: [], other: [] };
  const p95: Record<'base' | 'other', number[]> = { base: [], other: [] };
  for (let round = -1; round < ROUNDS; round++) {
    const times: Record<'base' | 'other', number[]> = { base: [], other: [] };
    for (let n = 0; n < SAMPLES; n++) {
      const turns = [['base', base] as const, ['other', other] as const];
      for (const [which, side] of n % 2 === 0 ? turns : turns.toReversed())
        times[which].push(await timed(operation, side, (round + 1) * SAMPLES + n));
    }
    // The first round only warms both up.
    if (round < 0) continue;
    for (const which of ['base', 'other'] as const) {
      p50[which].push(quantile(times[which], 0.5));
      p95[which].push(quantile(times[which], 0.95));
    }
  }
  const ratios = (q: typeof p50) => q.other.map((ms, i) => ms / (q.base[i] ?? Number.NaN));
  const isAbove = [p50, p95].some((q) => quantile(ratios(q), 0.5) > LIMIT);
  const said = `p50 ms ${summary(p50.other, 2)}, ratio ${summary(ratios(p50), 2)}; p95 ms ${summary(p95.other, 2)}, ratio ${summary(ratios(p95), 2)}`;
  console.log(`${isAbove ? '>' : ' '} ${operation.name}${await lengths(base, other, operation)}: ${said}`);
}

/** Resident memory of the API while it answers one read after the other, for `CLIENTS` at once. */
async function memory(side: Side): Promise<void> {
  const reads = operations.filter((operation) => !isWrite(operation));
  for (const read of reads) await read.prepare?.(side, 0);
  let n = 0;
  const client = async (until: number) => {
    while (n < until) await reads[n % reads.length]?.run(side, n++);
  };
  const until = (total: number) => Promise.all(Array.from({ length: CLIENTS }, () => client(total)));
  const seen: string[] = [];
  for (const part of [0.05, 0.25, 0.5, 0.75, 1]) {
    await until(part * REQUESTS);
    seen.push(`${n}: ${side.memory().toFixed(0)}`);
  }
  console.log(`  API memory, MiB after requests ${seen.join(', ')}`);
}

const base = await startSide(1_000 + RESOLVED_AT_LEAST, 1_000);
try {
  for (const each of DATABASES) {
    const [total = 0, open = 0] = each.split(':').map(Number);
    const other = await startSide(Math.max(total, open + RESOLVED_AT_LEAST), open, base.temporal);
    try {
      console.log(`${total} incidents, ${open} of them open:`);
      for (const operation of operations) await compare(base, other, operation);
      await memory(other);
    } finally {
      await other.close();
    }
  }
} finally {
  await base.close();
}
