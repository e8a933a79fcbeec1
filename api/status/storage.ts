import { rm, statfs, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { ApiDeps } from '../deps.ts';

export interface Probe {
  name: string;
  ok: boolean;
  latency_ms: number;
  error: string | null;
}

/** Asks each store to do a small piece of its work. */
export async function probeStorage({ db, about }: Pick<ApiDeps, 'db' | 'about'>): Promise<Probe[]> {
  return Promise.all([
    probe('postgres', () => db.query('SELECT 1')),
    probe('state_root', async () => {
      const file = join(about.stateRoot, `.probe-${randomUUID()}`);
      await writeFile(file, '');
      await rm(file);
    }),
  ]);
}

/** Puts a blob that nobody looks for, and takes it away again. */
export const probeBlobs = ({ blobs }: Pick<ApiDeps, 'blobs'>): Promise<Probe> =>
  probe('blobs', async () => {
    await blobs.reach();
    const key = `probes/${randomUUID()}`;
    await blobs.put(key, Buffer.from('probe'));
    await blobs.remove(key);
  });

/** The error is a code: messages of drivers may name what does not belong into an answer. */
async function probe(name: string, work: () => Promise<unknown>): Promise<Probe> {
  const start = performance.now();
  const latency = () => Math.round((performance.now() - start) * 1000) / 1000;
  try {
    await work();
    return { name, ok: true, latency_ms: latency(), error: null };
  } catch (error) {
    return { name, ok: false, latency_ms: latency(), error: codeOf(error) };
  }
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'failed';
}

const DISK_HIGH = 0.9;

/** How full the disk of the state root is when that is worth a warning, else null. */
export async function diskHigh(stateRoot: string): Promise<string | null> {
  const disk = await statfs(stateRoot).catch(() => undefined);
  if (disk === undefined || disk.blocks === 0) return null;
  const used = 1 - disk.bavail / disk.blocks;
  return used >= DISK_HIGH ? `${Math.round(used * 100)} % of the disk of the state root is used` : null;
}

/** Where blobs are kept, as far as anybody may know it. */
export interface BlobPlace {
  backend: 'fs' | 's3';
  endpoint: string | null;
  credentials: 'present' | 'missing';
}

/** Files need no credentials; those of a bucket are there or not, and never shown. */
export const blobPlace = (s3: { endpoint: string; credentials: unknown } | undefined): BlobPlace =>
  s3 === undefined
    ? { backend: 'fs', endpoint: null, credentials: 'missing' }
    : { backend: 's3', endpoint: s3.endpoint, credentials: s3.credentials === undefined ? 'missing' : 'present' };

/** An answer of the status does not wait longer for a store. */
const REACHED_WITHIN_MS = 3_000;

/** `error` is the code of why blobs cannot be asked for: a network, a permission; null where they can. */
export async function blobReport({ blobs, about }: Pick<ApiDeps, 'blobs' | 'about'>): Promise<Record<string, unknown>> {
  const late = AbortSignal.timeout(REACHED_WITHIN_MS);
  const silence = new Promise<string>((resolve) => {
    late.addEventListener('abort', () => resolve('blob_store_unreachable'), { once: true });
  });
  const error = await Promise.race([blobs.reach().then(() => null, codeOf), silence]);
  return { configured: true, ...about.blob, reachable: error === null, error };
}
