// Milliseconds from approving an export of 10 MiB to its being exported as a file, by the whole of Interlock with its own registry,
// beside a plain copy of the same bytes with a flush, in turns: what governance costs beside twice the copy.
import { randomBytes } from 'node:crypto';
import { createReadStream, mkdtempSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { manifestOf, publish, put } from '../test/integration/registry/support.ts';
import { removeTree } from '../test/support/remove-tree.ts';
import { testStack } from '../test/support/stack.ts';
import { summary } from './statistics.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 9);
const BYTES = Number(process.env['BENCH_MIB'] ?? 10) * 1024 * 1024;
const ALLOWED_MS = 200;
const GIVEN_UP_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
const { stack, close } = await testStack({ only: ['postgres', 'temporal', 'control', 'api'] });
const api = stack.urls.api;

async function asked(path: string, body?: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${api}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const said = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(said)}`);
  return said;
}

async function until(id: string, wanted: string): Promise<void> {
  for (const from = performance.now(); ;) {
    const { state, reason_code, failure } = await asked(`/v1/exports/${id}`);
    if (state === wanted) return;
    if (state === 'blocked' || state === 'failed' || performance.now() - from > GIVEN_UP_MS)
      throw new Error(`${id} is ${String(state)}: ${String(reason_code ?? failure)}`);
    await sleep(5);
  }
}

/** A bundle whose approval is waited for. */
async function prepared(round: number): Promise<string> {
  const files = { LICENSE: Buffer.from('Apache License'), weights: randomBytes(BYTES) };
  for (const bytes of Object.values(files)) await put(api, bytes);
  const name = `bench-${round}`;
  const answer = await publish(api, name, '1', manifestOf(files, files.LICENSE));
  if (!answer.ok) throw new Error(await answer.text());
  const opened = await asked('/v1/exports', {
    bundle: { name, version: '1' },
    destination: { kind: 'file' },
    reason: 'bench',
  });
  const id = String(opened['export_id']);
  await until(id, 'pending_approval');
  return id;
}

async function exported(id: string): Promise<number> {
  const from = performance.now();
  await asked(`/v1/exports/${id}/approve`, { confirm: id });
  await until(id, 'exported');
  return performance.now() - from;
}

async function copied(round: number): Promise<number> {
  const source = join(folder, `source-${round}`);
  writeFileSync(source, randomBytes(BYTES));
  const from = performance.now();
  const file = await open(join(folder, `copy-${round}`), 'wx');
  for await (const piece of createReadStream(source, { highWaterMark: 256 * 1024 }))
    await file.writeFile(piece as Buffer);
  await file.sync();
  await file.close();
  return performance.now() - from;
}

try {
  const exports: number[] = [];
  const copies: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const id = await prepared(round);
    const [whole, copy] = [await exported(id), await copied(round)];
    // The first one opens connections and compiles.
    if (round === 0) continue;
    exports.push(whole);
    copies.push(copy);
  }
  const ratios = exports.map((whole, i) => whole / (2 * (copies[i] ?? Number.NaN) + ALLOWED_MS));
  console.log(
    `${BYTES / 1024 ** 2} MiB, approved to exported ms ${summary(exports, 0)}; plain copy ms ${summary(copies, 0)}`,
  );
  console.log(`as a part of twice the copy and ${ALLOWED_MS} ms: ${summary(ratios, 2)}`);
} finally {
  await close();
  removeTree(folder);
}
