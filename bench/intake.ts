// Contained reports per second at 64 clients through the API, against the same rows batched straight into Postgres.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { openDatabase } from '../db/client.ts';
import type { Database } from '../db/client.ts';
import { freeStackPorts } from '../test/support/free-ports.ts';
import { startStack } from '../script/supervisor/stack.ts';
import { rawBatches } from './raw-batches.ts';
import { quantile, summary } from './statistics.ts';
import { removeTree } from '../test/support/remove-tree.ts';

const CLIENTS = 64;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);

const bodies = {
  tool_call_burst: () => ({ class: 'tool_call_burst', source: 'bench', description: 'burst' }),
  attestation_failure: (n: number) => ({ class: 'attestation_failure', source: `bench-${n}`, description: 'quote' }),
};

let sent = 0;

async function report(http: Pool, cls: keyof typeof bodies): Promise<number> {
  const from = performance.now();
  const { statusCode, body } = await http.request({
    method: 'POST',
    path: '/api/v1/incidents/report',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(bodies[cls](sent++)),
  });
  await body.dump();
  if (statusCode !== 201 && statusCode !== 200) throw new Error(`a report was answered ${statusCode}`);
  return performance.now() - from;
}

/** `clients` send one report after the other for `seconds`; latencies in ms. */
async function load(http: Pool, cls: keyof typeof bodies, clients: number, seconds: number): Promise<number[]> {
  const until = performance.now() + seconds * 1000;
  const latencies: number[] = [];
  const client = async () => {
    while (performance.now() < until) latencies.push(await report(http, cls));
  };
  await Promise.all(Array.from({ length: clients }, client));
  return latencies;
}

async function measure(http: Pool, db: Database, cls: keyof typeof bodies): Promise<void> {
  await load(http, cls, CLIENTS, 1);
  const rates: number[] = [];
  const ratios: number[] = [];
  const p99: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const latencies = await load(http, cls, CLIENTS, SECONDS);
    const rate = latencies.length / SECONDS;
    rates.push(rate);
    p99.push(quantile(latencies, 0.99));
    ratios.push(rate / (await rawBatches(db, cls, CLIENTS, 2)));
  }
  const alone = await load(http, cls, 1, 2);
  console.log(
    `${cls}: reports/s ${summary(rates, 0)}; of raw batches ${summary(ratios, 2)}; p99 ms ${summary(p99, 1)}`,
  );
  console.log(`${cls}: one client p95 ${quantile(alone, 0.95).toFixed(2)} ms`);
}

const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
const stack = await startStack({
  stateRoot,
  ports: await freeStackPorts(),
  only: ['postgres', 'api'],
  env: { INTERLOCK_ENV: 'embedded', INTERLOCK_LOOPBACK_TRUST: '1', INTERLOCK_TEMPORAL_ADDRESS: '127.0.0.1:9' },
});
const http = new Pool(stack.urls.api, { connections: CLIENTS });
const db = openDatabase({ url: stack.env['INTERLOCK_DATABASE_URL'] ?? '', name: 'bench', max: 2 });
try {
  await measure(http, db, 'tool_call_burst');
  await measure(http, db, 'attestation_failure');
} finally {
  await http.close();
  await db.end();
  await stack.stop();
  removeTree(stateRoot);
}
