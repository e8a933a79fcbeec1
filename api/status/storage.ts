import { constants } from 'node:fs';
import { access, rm, statfs, writeFile } from 'node:fs/promises';
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

/** The error is a code: messages of drivers may name what does not belong into an answer. */
async function probe(name: string, work: () => Promise<unknown>): Promise<Probe> {
  const start = performance.now();
  const latency = () => Math.round((performance.now() - start) * 1000) / 1000;
  try {
    await work();
    return { name, ok: true, latency_ms: latency(), error: null };
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    return { name, ok: false, latency_ms: latency(), error: typeof code === 'string' ? code : 'failed' };
  }
}

const DISK_HIGH = 0.9;

/** How full the disk of the state root is when that is worth a warning, else null. */
export async function diskHigh(stateRoot: string): Promise<string | null> {
  const disk = await statfs(stateRoot).catch(() => undefined);
  if (disk === undefined || disk.blocks === 0) return null;
  const used = 1 - disk.bavail / disk.blocks;
  return used >= DISK_HIGH ? `${Math.round(used * 100)} % of the disk of the state root is used` : null;
}

/** Where blobs are kept. Files need no credentials; the workers make the folder when they first start. */
export async function blobReport(blobRoot: string): Promise<Record<string, unknown>> {
  const reachable = await access(blobRoot, constants.R_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  return { configured: true, backend: 'fs', endpoint: null, credentials: 'missing', reachable };
}
