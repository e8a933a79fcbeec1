// An inclusion proof over HTTP, as a ratio to an answer of one small statement over HTTP in the same rounds: min … median …
// max of the rounds' medians and 95th percentiles. BENCH_ENTRIES: of the log.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { openDatabase } from '../db/client.ts';
import { openFirstEpoch, publishCheckpoint, sequenceEntries } from '../db/command/sequence-entries.ts';
import type { SequencerMemory } from '../db/command/sequence-entries.ts';
import { formatCheckpoint } from '../domain/ledger/checkpoint.ts';
import { formatNoteKey, signNote } from '../domain/ledger/note.ts';
import { startStack } from '../script/supervisor/stack.ts';
import { freeStackPorts } from '../test/support/free-ports.ts';
import { logSigner } from '../workers/sequencer/log-key.ts';
import { quantile, summary } from './statistics.ts';
import { removeTree } from '../test/support/remove-tree.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const ENTRIES = Number(process.env['BENCH_ENTRIES'] ?? 1_000_000);
const REQUESTS = 200;
const PER_STATEMENT = 500;

const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
const stack = await startStack({
  stateRoot,
  ports: await freeStackPorts(),
  only: ['postgres', 'api'],
  env: { INTERLOCK_ENV: 'embedded', INTERLOCK_LOOPBACK_TRUST: '1', INTERLOCK_TEMPORAL_ADDRESS: '127.0.0.1:9' },
});
const http = new Pool(stack.urls.api, { connections: 1 });
const db = openDatabase({ url: stack.env['INTERLOCK_DATABASE_URL'] ?? '', name: 'bench', max: 2 });

/** Entries that say nothing, each with its place, and a checkpoint over them. */
async function seed(): Promise<number> {
  const signer = logSigner(stateRoot, { origin: 'bench/1', epoch: 1 });
  await openFirstEpoch(db, { origin: 'bench/1', verifier_key: formatNoteKey(signer.key) });
  const memory: SequencerMemory = {};
  for (let from = 0; from < ENTRIES; from += PER_STATEMENT) {
    await db.query(
      `INSERT INTO ledger_entries (workspace_id, at, actor, action, object, detail, leaf, leaf_hash)
        SELECT 'default', clock_timestamp(), 'bench', 'seeded', 'seed/' || n, '{}', leaf, sha256(convert_to(leaf, 'UTF8'))
          FROM (SELECT n, repeat('x', 400) || n AS leaf FROM generate_series($1::int4, $1 + $2::int4 - 1) AS n) AS s`,
      [from, PER_STATEMENT],
    );
    if (from % 20_000 === 0) await sequenceEntries(db, memory);
  }
  let head = await sequenceEntries(db, memory);
  while (head !== null && head.added > 0) head = await sequenceEntries(db, memory);
  if (head === null) throw new Error('no epoch is open');
  const { size, root } = head;
  const text = formatCheckpoint({ origin: 'bench/1', size, root, extensions: [] });
  await publishCheckpoint(db, head, signNote(text, signer.key, signer.sign));
  await db.query('VACUUM ANALYZE log_index, ledger_entries, log_tiles');
  return size;
}

async function timed(paths: () => string): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < REQUESTS; i += 1) {
    const path = paths();
    const from = performance.now();
    const { body, statusCode } = await http.request({ method: 'GET', path });
    await body.dump();
    if (statusCode !== 200) throw new Error(`${path} was answered ${statusCode}`);
    took.push(performance.now() - from);
  }
  return took;
}

try {
  const size = await seed();
  const proof = () => `/v1/ledger/proof?index=${Math.floor(Math.random() * size)}`;
  const bare = () => '/ledger/checkpoint';
  await timed(proof);
  await timed(bare);
  const rounds = [];
  for (let i = 0; i < ROUNDS; i += 1) rounds.push({ proof: await timed(proof), bare: await timed(bare) });
  for (const q of [0.5, 0.95]) {
    const [proofs, bares] = [rounds.map((r) => quantile(r.proof, q)), rounds.map((r) => quantile(r.bare, q))];
    const ratios = proofs.map((ms, i) => ms / (bares[i] ?? Number.NaN));
    console.log(
      `p${q * 100} at ${size} entries, ms: proof ${summary(proofs, 2)}, bare ${summary(bares, 2)}, ratio ${summary(ratios, 2)}`,
    );
  }
} finally {
  await http.close();
  await db.end();
  await stack.stop();
  removeTree(stateRoot);
}
