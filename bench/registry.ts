// A blob put and got through the API, 1 MiB and 64 MiB, each also as a ratio to writing the same bytes to a file with its
// SHA-256 and a flush, and to reading that file with its SHA-256, in turns; and the API's peak memory after each size.
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Pool } from 'undici';
import { startStack } from '../script/supervisor/stack.ts';
import { freeStackPorts } from '../test/support/free-ports.ts';
import { summary } from './statistics.ts';
import { removeTree } from '../test/support/remove-tree.ts';

const MIB = 1024 * 1024;
const PIECE = 256 * 1024;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SIZES: [mib: number, times: number][] = [
  [1, 32],
  [64, 2],
];

const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
const stack = await startStack({
  stateRoot,
  ports: await freeStackPorts(),
  env: { INTERLOCK_TEMPORAL_ADDRESS: '127.0.0.1:1', INTERLOCK_TPM_TCTI: 'none', INTERLOCK_LOOPBACK_TRUST: '1' },
  only: ['postgres', 'api'],
});
const http = new Pool(stack.urls.api, { connections: 1 });

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}
const pathOf = (bytes: Buffer): string =>
  `/v1/registry/blobs/sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function put(path: string, bytes: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(bytes.length) };
  const answer = await http.request({ method: 'PUT', path, headers, body: Readable.from(pieces(bytes)) });
  if (answer.statusCode !== 201) throw new Error(`${answer.statusCode} ${await answer.body.text()}`);
  await answer.body.dump();
}

async function get(path: string, length: number): Promise<void> {
  const { statusCode, body } = await http.request({ method: 'GET', path });
  let got = 0;
  for await (const chunk of body) got += (chunk as Buffer).length;
  if (statusCode !== 200 || got !== length) throw new Error(`${statusCode}, ${got} of ${length} bytes`);
}

async function write(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'wx');
  const digest = createHash('sha256');
  for (const piece of pieces(bytes)) {
    digest.update(piece);
    await handle.writeFile(piece);
  }
  digest.digest();
  await handle.sync();
  await handle.close();
}

async function read(file: string): Promise<void> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: PIECE })) digest.update(chunk as Buffer);
  digest.digest();
}

/** Milliseconds of `work` for each of `list`, one after the other. */
async function timed<T>(list: readonly T[], work: (item: T) => Promise<void>): Promise<number> {
  const from = performance.now();
  for (const item of list) await work(item);
  return performance.now() - from;
}

/** The most that the API's process has ever had resident, MiB. */
const peak = (): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${stack.pids['api'] ?? 0}/status`, 'utf8'))?.[1] ?? 0) / 1024;

try {
  for (const [mib, times] of SIZES) {
    const found: Record<'put' | 'get' | 'putRatio' | 'getRatio', number[]> = {
      put: [],
      get: [],
      putRatio: [],
      getRatio: [],
    };
    for (let round = -1; round < ROUNDS; round++) {
      const blobs = Array.from({ length: times }, () => randomBytes(mib * MIB));
      const named = blobs.map((bytes, i) => ({ bytes, path: pathOf(bytes), file: join(stateRoot, `plain-${i}`) }));
      const putMs = await timed(named, ({ path, bytes }) => put(path, bytes));
      const writeMs = await timed(named, ({ file, bytes }) => write(file, bytes));
      const getMs = await timed(named, ({ path, bytes }) => get(path, bytes.length));
      const readMs = await timed(named, ({ file }) => read(file));
      for (const { file } of named) rmSync(file);
      // The first round only warms up.
      if (round < 0) continue;
      const perSecond = (ms: number) => (mib * times * 1000) / ms;
      found.put.push(perSecond(putMs));
      found.get.push(perSecond(getMs));
      found.putRatio.push(writeMs / putMs);
      found.getRatio.push(readMs / getMs);
    }
    console.log(
      `${mib} MiB: put ${summary(found.put, 0)} MiB/s, of a plain file ${summary(found.putRatio, 2)}; get ${summary(found.get, 0)} MiB/s, of a plain file ${summary(found.getRatio, 2)}; API peak ${peak().toFixed(0)} MiB`,
    );
  }
} finally {
  await http.close();
  await stack.stop();
  removeTree(stateRoot);
}
