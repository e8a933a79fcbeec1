// Offline verification of a million leaves, as a ratio to hashing them and nothing else, in the same run.
import { sharedSha256 } from '../cli/sha256.ts';
import { canonicalJson } from '../domain/canonical/json.ts';
import { RightEdge } from '../domain/ledger/right-edge.ts';
import { entryBundle, leafEnd } from '../domain/ledger/tile.ts';
import { copyOf, leafHash } from '../domain/ledger/tree.ts';
import { LogVerifier } from '../domain/ledger/verify.ts';
import { CopyVerifier, edgeOf, stepsOf } from '../domain/ledger/verify-copy.ts';
import { summary } from './statistics.ts';

const LEAVES = Number(process.env['BENCH_LEAVES'] ?? 1_000_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
/** Bundles that differ; the log is made of them over and over, for a million leaves would not fit in memory. */
const DISTINCT = 64;

/** What an entry looks like: about 430 bytes. */
const leafOf = (n: number): Uint8Array =>
  Buffer.from(
    canonicalJson({
      workspace_id: 'default',
      at: new Date(1_780_000_000_000 + n).toISOString(),
      actor: 'local-operator',
      on_behalf_of: 'operator@example.org',
      action: 'recovery_acknowledged',
      object: `incident/INC-20260101-${String(n).padStart(8, '0')}`,
      record_hash: Buffer.from(leafHash(Buffer.from(String(n)), sharedSha256)).toString('hex'),
      record_version: 3,
      detail: { binding: 'b'.repeat(64), gates: ['vault', 'airlock'] },
      policy_digest: 'd'.repeat(64),
    }),
  );

const leaves = Array.from({ length: DISTINCT }, (_, k) => Array.from({ length: 256 }, (_, i) => leafOf(k * 256 + i)));
const bundles = leaves.map(entryBundle);
const hashes = leaves.map((each) => each.map((leaf) => copyOf(leafHash(leaf, sharedSha256))));
const bundleAt = (n: number, width: number): Uint8Array =>
  width === 256 ? (bundles[n % DISTINCT] as Uint8Array) : entryBundle((leaves[n % DISTINCT] ?? []).slice(0, width));

const tiles = new Map<string, Uint8Array>();
const edge = new RightEdge(sharedSha256);
const full = new Map(hashes.map((row, k) => [`0/${k}`, Buffer.concat(row)]));
for (let n = 0; edge.size < LEAVES; n += 1) {
  const row = (hashes[n % DISTINCT] ?? []).slice(0, LEAVES - edge.size);
  for (const { level, n: at, hashes: bytes } of edge.append(row)) if (level > 0) tiles.set(`${level}/${at}`, bytes);
}
for (const { level, n, hashes: bytes } of edge.partials()) tiles.set(`${level}/${n}`, copyOf(bytes));
const tileAt = ({ level, n }: { level: number; n: number }): Uint8Array | null =>
  tiles.get(`${level}/${n}`) ?? (level === 0 ? (full.get(`0/${n % DISTINCT}`) ?? null) : null);
const checkpoint = { size: LEAVES, root: edge.root() };

/** Seconds that `act` takes. */
function timed(act: () => void): number {
  const from = performance.now();
  act();
  return (performance.now() - from) / 1000;
}

function eachLeaf(take: (leaf: Uint8Array) => void): void {
  for (const { entries } of stepsOf(LEAVES)) {
    const bundle = bundleAt(entries.n, entries.width);
    for (let from = 0; from < bundle.length;) {
      const end = leafEnd(bundle, from) ?? bundle.length;
      take(bundle.subarray(from + 2, end));
      from = end;
    }
  }
}

const input = new Uint8Array(16 * 1024);
const plain = (): void =>
  eachLeaf((leaf) => {
    input.set(leaf, 1);
    sharedSha256(input.subarray(0, 1 + leaf.length));
  });

const fail = (finding: object): never => {
  throw new Error(`found in a log that is whole: ${JSON.stringify(finding)}`);
};

function verifyLeaves(): void {
  const verifier = new LogVerifier(sharedSha256, fail);
  verifier.expect({ ...checkpoint, from: 'checkpoint' });
  eachLeaf((leaf) => verifier.leaf(leaf));
  verifier.finish();
}

function verifyCopy(): void {
  const verifier = new CopyVerifier(checkpoint, { sha256: sharedSha256, report: fail });
  verifier.edge(edgeOf(LEAVES).map(tileAt));
  for (const step of stepsOf(LEAVES)) {
    verifier.step(step, step.tiles.map(tileAt), bundleAt(step.entries.n, step.entries.width));
  }
  verifier.finish();
}

const mean = bundles.reduce((sum, bundle) => sum + bundle.length / 256 - 2, 0) / DISTINCT;
console.log(`${LEAVES} leaves of ${mean.toFixed(0)} bytes; min … median … max of ${ROUNDS} rounds`);
const rounds = Array.from({ length: ROUNDS }, () => ({
  plain: timed(plain),
  leaves: timed(verifyLeaves),
  copy: timed(verifyCopy),
}));
console.log(
  `plain hashing s ${summary(
    rounds.map((r) => r.plain),
    2,
  )}`,
);
console.log(
  `leaves s ${summary(
    rounds.map((r) => r.leaves),
    2,
  )}; of plain ${summary(
    rounds.map((r) => r.plain / r.leaves),
    2,
  )}`,
);
console.log(
  `copy with tiles s ${summary(
    rounds.map((r) => r.copy),
    2,
  )}; of plain ${summary(
    rounds.map((r) => r.plain / r.copy),
    2,
  )}`,
);
console.log(`largest resident set ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
