// The sequencer: entries per second while it catches up, what it costs an intake at its full rate (reports per second with
// and without it, in turns), how long an entry waits until a signed checkpoint covers it, idle and under that load, and
// an inclusion proof over HTTP. BENCH_ENTRIES: of the backlog.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Pool } from 'undici';
import { one, openDatabase } from '../db/client.ts';
import { openFirstEpoch, sequenceEntries } from '../db/command/sequence-entries.ts';
import type { SequencerMemory } from '../db/command/sequence-entries.ts';
import { startStack } from '../script/supervisor/stack.ts';
import { freeStackPorts } from '../test/support/free-ports.ts';
import { formatNoteKey } from '../domain/ledger/note.ts';
import { logSigner } from '../workers/sequencer/log-key.ts';
import { quantile, summary } from './statistics.ts';
import { removeTree } from '../test/support/remove-tree.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5);
const ENTRIES = Number(process.env['BENCH_ENTRIES'] ?? 200_000);
const PER_STATEMENT = 200;
const PROOFS = 300;
const CLIENTS = 64;

const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
const stack = await startStack({
  stateRoot,
  ports: await freeStackPorts(),
  only: ['postgres', 'api'],
  env: { INTERLOCK_ENV: 'embedded', INTERLOCK_LOOPBACK_TRUST: '1', INTERLOCK_TEMPORAL_ADDRESS: '127.0.0.1:9' },
});
const http = new Pool(stack.urls.api, { connections: CLIENTS });
const databaseUrl = stack.env['INTERLOCK_DATABASE_URL'] ?? '';
const db = openDatabase({ url: databaseUrl, name: 'bench', max: 4 });

async function report(): Promise<void> {
  const { body, statusCode } = await http.request({
    method: 'POST',
    path: '/api/v1/incidents/report',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ class: 'tool_call_burst', source: 'bench', description: 'burst' }),
  });
  await body.dump();
  if (statusCode > 201) throw new Error(`a report was answered ${statusCode}`);
}

/** Reports per second of all clients. */
async function load(): Promise<number> {
  const until = performance.now() + SECONDS * 1000;
  let n = 0;
  const client = async () => {
    while (performance.now() < until) {
      await report();
      n += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return n / SECONDS;
}

/** From the commit of a report until the signed checkpoint covers all that was written by then, ms. */
async function untilServed(): Promise<number> {
  await report();
  const from = performance.now();
  const written = await one<{ n: number }>(db, 'SELECT max(entry_id) AS n FROM ledger_entries');
  for (;;) {
    const row = await one<{ served: boolean }>(
      db,
      `SELECT EXISTS (SELECT 1 FROM log_index i JOIN log_heads h USING (epoch)
        WHERE i.entry_id = $1 AND i.idx < h.signed_size) AS served`,
      [written?.n],
    );
    if (row?.served === true) return performance.now() - from;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function catchUp(): Promise<number> {
  // As intake appends them: some hundred in a statement.
  for (let from = 0; from < ENTRIES; from += PER_STATEMENT)
    await db.query(
      `INSERT INTO ledger_entries (workspace_id, at, actor, action, object, detail, leaf, leaf_hash)
        SELECT 'bench', clock_timestamp(), 'bench', 'seeded', 'seed/' || n, '{}', leaf, sha256(convert_to(leaf, 'UTF8'))
          FROM (SELECT n, repeat('x', 400) || n AS leaf FROM generate_series($1::int4, $1 + $2::int4 - 1) AS n) AS s`,
      [from, PER_STATEMENT],
    );
  const memory: SequencerMemory = {};
  const from = performance.now();
  let n = 0;
  for (;;) {
    const added = (await sequenceEntries(db, memory))?.added ?? 0;
    if (added === 0) return (n / (performance.now() - from)) * 1000;
    n += added;
  }
}

try {
  await load();
  const signer = logSigner(stateRoot, { origin: 'bench/1', epoch: 1 });
  await openFirstEpoch(db, { origin: 'bench/1', verifier_key: formatNoteKey(signer.key) });
  const rates: number[] = [];
  for (let i = 0; i < ROUNDS; i++) rates.push(await catchUp());
  console.log(`sequencing while catching up: entries/s ${summary(rates, 0)}`);

  const slowed: number[] = [];
  const idle: number[] = [];
  const busy: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const alone = await load();
    const thread = new Worker(new URL('./sequencer-thread.ts', import.meta.url), {
      workerData: { databaseUrl, stateRoot },
    });
    await untilServed();
    for (let k = 0; k < 20; k++) idle.push(await untilServed());
    const over = new AbortController();
    const beside = (async () => {
      while (!over.signal.aborted) busy.push(await untilServed());
    })();
    const both = await load();
    over.abort();
    await beside;
    await thread.terminate();
    slowed.push(both / alone);
    console.log(`reports/s alone ${alone.toFixed(0)}, beside the sequencer ${both.toFixed(0)}`);
  }
  console.log(`intake beside the sequencer, of intake alone: ${summary(slowed, 2)}`);
  console.log(
    `entry to signed checkpoint, ms p95: idle ${quantile(idle, 0.95).toFixed(0)}, busy ${quantile(busy, 0.95).toFixed(0)}`,
  );

  const size = (await one<{ n: number }>(db, 'SELECT signed_size AS n FROM log_heads'))?.n ?? 0;
  const proofs: number[] = [];
  for (let i = 0; i < PROOFS; i++) {
    const place = await one<{ idx: number }>(
      db,
      `SELECT idx FROM log_index WHERE workspace_id = 'default' AND epoch = 1 AND idx >= $1 ORDER BY idx LIMIT 1`,
      [Math.floor((size * i) / PROOFS)],
    );
    const from = performance.now();
    const { body, statusCode } = await http.request({ method: 'GET', path: `/v1/ledger/proof?index=${place?.idx}` });
    await body.dump();
    if (statusCode === 200) proofs.push(performance.now() - from);
  }
  console.log(
    `inclusion proof over HTTP at ${size} entries, ms: p50 ${quantile(proofs, 0.5).toFixed(2)}, p95 ${quantile(proofs, 0.95).toFixed(2)}`,
  );
} finally {
  await http.close();
  await db.end();
  await stack.stop();
  removeTree(stateRoot);
}
process.exit(0);
