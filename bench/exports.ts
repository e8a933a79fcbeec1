// 10,000 exports that wait for approvals, listed and filtered over HTTP: p50 and p95 in milliseconds, one client. Target: a p95
// of at most 10 ms for a page of 50. BENCH_EXPORTS: how many wait; BENCH_SAMPLES: requests per list and round.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { openDatabase } from '../db/client.ts';
import { startStack } from '../script/supervisor/stack.ts';
import { freeStackPorts } from '../test/support/free-ports.ts';
import { seedExports } from '../test/support/seeded-exports.ts';
import { quantile, summary } from './statistics.ts';
import { removeTree } from '../test/support/remove-tree.ts';

const PENDING = Number(process.env['BENCH_EXPORTS'] ?? 10_000);
const SAMPLES = Number(process.env['BENCH_SAMPLES'] ?? 200);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const TARGET_MS = 10;
const LISTS = ['', '&state=pending_approval', '&bundle=bundle-7', '&reason=registry_unreachable'];

const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
const stack = await startStack({
  stateRoot,
  ports: await freeStackPorts(),
  env: { INTERLOCK_TEMPORAL_ADDRESS: '127.0.0.1:1', INTERLOCK_TPM_TCTI: 'none', INTERLOCK_LOOPBACK_TRUST: '1' },
  only: ['postgres', 'api'],
});
const http = new Pool(stack.urls.api, { connections: 1 });

async function timed(path: string): Promise<number> {
  const from = performance.now();
  const { statusCode, body } = await http.request({ method: 'GET', path });
  const found = (await body.json()) as unknown[];
  if (statusCode !== 200 || found.length === 0) throw new Error(`${path}: ${statusCode}, ${found.length} found`);
  return performance.now() - from;
}

try {
  const db = openDatabase({ url: stack.urls.database, name: 'bench', max: 1 });
  await seedExports(db, PENDING);
  await db.end();
  for (const filter of LISTS) {
    const path = `/v1/exports?limit=50${filter}`;
    const rounds: { p50: number; p95: number }[] = [];
    for (let round = -1; round < ROUNDS; round++) {
      const times: number[] = [];
      for (let n = 0; n < SAMPLES; n++) times.push(await timed(path));
      // The first round only warms up.
      if (round >= 0) rounds.push({ p50: quantile(times, 0.5), p95: quantile(times, 0.95) });
    }
    const p95 = rounds.map((r) => r.p95);
    const mark = quantile(p95, 0.5) > TARGET_MS ? '>' : ' ';
    const said = `p50 ms ${summary(
      rounds.map((r) => r.p50),
      2,
    )}; p95 ms ${summary(p95, 2)}`;
    console.log(`${mark} ${PENDING} pending, ${path}: ${said}`);
  }
} finally {
  await http.close();
  await stack.stop();
  removeTree(stateRoot);
}
