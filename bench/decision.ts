// A decision's round trip (acknowledgement of a waiting ceremony over HTTP), p10, p50 and p95 in ms, as a ratio to a bare
// Temporal update with one local activity on the same server; the two take turns.
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { one, openDatabase } from '../db/client.ts';
import { testStack } from '../test/support/stack.ts';
import { bareUpdates } from './bare-update/worker.ts';
import { quantile, summary } from './statistics.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const DECISIONS = Number(process.env['BENCH_DECISIONS'] ?? 100);
/** What a decision sets off after its answer (pokes, the processes reading their record) is over by then. */
const QUIET_MS = 150;

const { stack, close } = await testStack({ only: ['postgres', 'temporal', 'control', 'api'] });
const http = new Pool(stack.urls.api, { connections: 8 });
const db = openDatabase({ url: stack.urls.database, name: 'bench', max: 2 });
const bare = await bareUpdates(stack.urls.temporal);

async function post(path: string, body: object): Promise<{ id: string }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await http.request({ method: 'POST', path, headers, body: JSON.stringify(body) });
  if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${await answer.body.text()}`);
  return (await answer.body.json()) as { id: string };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

let reported = 0;

/** Ids of `n` new incidents whose ceremonies have read their record and wait. */
async function ceremonies(n: number): Promise<string[]> {
  const report = async () => {
    const source = `bench-${reported++}`;
    return (await post('/api/v1/incidents/report', { class: 'manifest_mismatch', source, description: 'digest' })).id;
  };
  const ids = await Promise.all(Array.from({ length: n }, report));
  for (;;) {
    const row = await one<{ n: number }>(
      db,
      `SELECT count(*) AS n FROM process WHERE workspace_id = 'default' AND workflow_id = ANY($1) AND settled_at IS NOT NULL`,
      [ids.map((id) => `recovery/${id}`)],
    );
    if (row?.n === n) return ids;
    await sleep(50);
  }
}

async function round(): Promise<{ decision: number[]; update: number[] }> {
  const [ids, workflows] = [await ceremonies(DECISIONS), await bare.start(DECISIONS)];
  const times: { decision: number[]; update: number[] } = { decision: [], update: [] };
  for (const [i, incident_id] of ids.entries()) {
    const handle = bare.client.workflow.getHandle(workflows[i] ?? '');
    await sleep(QUIET_MS);
    times.decision.push(await timed(() => post('/api/v1/recovery/ack', { incident_id, operator: 'bench@org' })));
    await sleep(QUIET_MS);
    times.update.push(await timed(() => handle.executeUpdate('bare', { args: ['decision'] })));
  }
  return times;
}

try {
  await round();
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await round());
  for (const [name, q] of [
    ['p10', 0.1],
    ['p50', 0.5],
    ['p95', 0.95],
  ] as const) {
    const decision = rounds.map((r) => quantile(r.decision, q));
    const update = rounds.map((r) => quantile(r.update, q));
    const ratio = decision.map((ms, i) => ms / (update[i] ?? NaN));
    console.log(
      `${name}: decision ms ${summary(decision, 1)}; bare update ms ${summary(update, 1)}; ratio ${summary(ratio, 2)}`,
    );
  }
} finally {
  await Promise.allSettled([http.close(), db.end(), bare.close()]);
  await close();
}
