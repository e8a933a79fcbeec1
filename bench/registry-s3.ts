// A blob put and got through the API over a bucket, 1 MiB, 64 MiB and 1 GiB, each also as a ratio to the SDK putting the same
// bytes into the same S3 server and getting them, with their SHA-256, in turns; and the API's peak memory after each size.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import { startStack } from '../script/supervisor/stack.ts';
import { freeStackPorts } from '../test/support/free-ports.ts';
import { startS3 } from '../test/support/s3-server.ts';
import { summary } from './statistics.ts';
import { removeTree } from '../test/support/remove-tree.ts';

const MIB = 1024 * 1024;
const PART = 8;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SIZES: [mib: number, times: number][] = [
  [1, 32],
  [64, 2],
  [1024, 1],
];
/** Only the sizes from here on, MiB. */
const LEAST = Number(process.env['BENCH_LEAST_MIB'] ?? 1);

const server = await startS3();
const { endpoint, bucket, region, credentials } = server.place;
const { accessKeyId, secretAccessKey } = credentials;
const plain = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
const stack = await startStack({
  stateRoot,
  ports: await freeStackPorts(),
  env: {
    INTERLOCK_TEMPORAL_ADDRESS: '127.0.0.1:1',
    INTERLOCK_TPM_TCTI: 'none',
    INTERLOCK_LOOPBACK_TRUST: '1',
    INTERLOCK_BLOB_BACKEND: 's3',
    INTERLOCK_S3_ENDPOINT_URL: endpoint,
    INTERLOCK_S3_BUCKET: bucket,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  },
  only: ['postgres', 'api'],
});
/** Each request has a connection of its own: making a GiB takes longer than the server keeps one that is idle. */
const http = new Pool(stack.urls.api, { connections: 1 });

/** So many MiB that nobody else puts, held as one. */
interface Blob {
  hex: string;
  mib: number;
  seed: Buffer;
}

function* pieces({ seed, mib }: Pick<Blob, 'seed' | 'mib'>): Generator<Buffer> {
  for (let i = 0; i < mib; i += 1) {
    const piece = Buffer.from(seed);
    piece.writeUInt32BE(i);
    yield piece;
  }
}

function blobOf(mib: number): Blob {
  const seed = randomBytes(MIB);
  const digest = createHash('sha256');
  for (const piece of pieces({ seed, mib })) digest.update(piece);
  return { hex: digest.digest('hex'), mib, seed };
}

const path = ({ hex }: Blob): string => `/v1/registry/blobs/sha256:${hex}`;
const at = ({ hex }: Blob) => ({ Bucket: bucket, Key: `plain/${hex}` });

/** What is longer has to come in parts: a request has its time. */
const LONGEST = 256;
const UPLOADED = 64;

async function put(blob: Blob): Promise<void> {
  if (blob.mib > LONGEST) return putInParts(blob);
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(blob.mib * MIB) };
  await taken(
    await http.request({ method: 'PUT', path: path(blob), reset: true, headers, body: Readable.from(pieces(blob)) }),
  );
}

async function putInParts(blob: Blob): Promise<void> {
  const bytes = blob.mib * MIB;
  const opened = await http.request({
    method: 'POST',
    path: '/v1/registry/uploads',
    reset: true,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ digest: `sha256:${blob.hex}`, bytes }),
  });
  const { upload_id } = (await opened.body.json()) as { upload_id: string };
  const at = `/v1/registry/uploads/${upload_id}`;
  const source = pieces(blob);
  for (let first = 0; first < bytes; first += UPLOADED * MIB) {
    const part = Array.from({ length: UPLOADED }, () => source.next().value as Buffer);
    const range = `bytes ${first}-${first + UPLOADED * MIB - 1}/${bytes}`;
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(UPLOADED * MIB),
      'content-range': range,
    };
    await taken(await http.request({ method: 'PATCH', path: at, reset: true, headers, body: Readable.from(part) }));
  }
  await taken(await http.request({ method: 'POST', path: `${at}/complete`, reset: true }));
}

async function taken({ statusCode, body }: Dispatcher.ResponseData): Promise<void> {
  if (statusCode > 201) throw new Error(`${statusCode} ${await body.text()}`);
  await body.dump();
}

async function get(blob: Blob): Promise<void> {
  const { statusCode, body } = await http.request({ method: 'GET', path: path(blob), reset: true });
  let got = 0;
  for await (const chunk of body) got += (chunk as Buffer).length;
  if (statusCode !== 200 || got !== blob.mib * MIB) throw new Error(`${statusCode}, ${got} bytes`);
}

/** As a client of S3 would: in one request, or in parts, two on their way at once. */
async function putPlain(blob: Blob): Promise<void> {
  const digest = createHash('sha256');
  if (blob.mib <= PART) {
    const body = Buffer.concat([...pieces(blob)]);
    digest.update(body).digest();
    await plain.send(new PutObjectCommand({ ...at(blob), Body: body }));
    return;
  }
  const { UploadId } = await plain.send(new CreateMultipartUploadCommand(at(blob)));
  const sent: Promise<{ PartNumber: number; ETag: string | undefined }>[] = [];
  let held: Buffer[] = [];
  for (const piece of pieces(blob)) {
    digest.update(piece);
    held.push(piece);
    if (held.length < PART) continue;
    const PartNumber = sent.length + 1;
    const part = new UploadPartCommand({ ...at(blob), UploadId, PartNumber, Body: Buffer.concat(held) });
    held = [];
    sent.push(plain.send(part).then(({ ETag }) => ({ PartNumber, ETag })));
    await sent.at(-2);
  }
  digest.digest();
  const MultipartUpload = { Parts: await Promise.all(sent) };
  await plain.send(new CompleteMultipartUploadCommand({ ...at(blob), UploadId, MultipartUpload }));
}

async function getPlain(blob: Blob): Promise<void> {
  const digest = createHash('sha256');
  const { Body: body } = await plain.send(new GetObjectCommand(at(blob)));
  for await (const chunk of body as Readable) digest.update(chunk as Buffer);
  if (digest.digest('hex') !== blob.hex) throw new Error('other bytes came');
}

/** Milliseconds of `work` for each of `list`, one after the other. */
async function timed(list: readonly Blob[], work: (item: Blob) => Promise<void>): Promise<number> {
  const from = performance.now();
  for (const item of list) await work(item);
  return performance.now() - from;
}

/** The most that the API's process has ever had resident, MiB. */
const peak = (): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${stack.pids['api'] ?? 0}/status`, 'utf8'))?.[1] ?? 0) / 1024;

try {
  for (const [mib, times] of SIZES.filter(([each]) => each >= LEAST)) {
    const found: Record<'put' | 'get' | 'putRatio' | 'getRatio', number[]> = {
      put: [],
      get: [],
      putRatio: [],
      getRatio: [],
    };
    for (let round = -1; round < ROUNDS; round++) {
      const blobs = Array.from({ length: times }, () => blobOf(mib));
      const putMs = await timed(blobs, put);
      const plainPutMs = await timed(blobs, putPlain);
      const getMs = await timed(blobs, get);
      const plainGetMs = await timed(blobs, getPlain);
      for (const { hex } of blobs)
        for (const Key of [`plain/${hex}`, `blobs/registry/sha256/${hex.slice(0, 2)}/${hex}`])
          await plain.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
      // The first round only warms up.
      if (round < 0) continue;
      const perSecond = (ms: number) => (mib * times * 1000) / ms;
      found.put.push(perSecond(putMs));
      found.get.push(perSecond(getMs));
      found.putRatio.push(plainPutMs / putMs);
      found.getRatio.push(plainGetMs / getMs);
    }
    console.log(
      `${mib} MiB: put ${summary(found.put, 0)} MiB/s, of the plain SDK ${summary(found.putRatio, 2)}; get ${summary(found.get, 0)} MiB/s, of the plain SDK ${summary(found.getRatio, 2)}; API peak ${peak().toFixed(0)} MiB`,
    );
  }
} finally {
  await http.close();
  await stack.stop();
  plain.destroy();
  await server.stop();
  removeTree(stateRoot);
}
