import type { Database } from '../../db/client.ts';
import { collectBlobs, collectUploads } from '../../db/command/collect-registry.ts';
import { registryKey } from '../../storage/blob-store.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import type { Logger } from '../log.ts';
import { keepRounds } from '../keep-rounds.ts';

const EVERY_MS = 60_000;
const PAGE = 100;

export interface CollectDeps {
  db: Database;
  blobs: Pick<BlobStore, 'remove'>;
  /** How long a blob stays that no bundle names. */
  graceMs: number;
  log: Logger;
}

/** One round: blobs that nothing refers to, and uploads whose time is over. Returns how many of both. */
export async function collectRegistry(
  { db, blobs, graceMs }: Omit<CollectDeps, 'log'>,
  signal?: AbortSignal,
): Promise<number> {
  let collected = 0;
  for (let found = PAGE; found === PAGE && signal?.aborted !== true; collected += found)
    found = await collectBlobs(db, { graceMs, limit: PAGE, remove: (digest) => blobs.remove(registryKey(digest)) });
  for (let found = PAGE; found === PAGE && signal?.aborted !== true; collected += found)
    found = await collectUploads(db, { limit: PAGE, remove: (key) => blobs.remove(key) });
  return collected;
}

/** Collects until `signal` aborts; a round that fails is repeated by the next. */
export async function keepCollecting(deps: CollectDeps, signal: AbortSignal): Promise<void> {
  await keepRounds(
    { everyMs: EVERY_MS, log: deps.log, failed: 'registry.uncollected' },
    () => round(deps, signal),
    signal,
  );
}

async function round(deps: CollectDeps, signal: AbortSignal): Promise<void> {
  const collected = await collectRegistry(deps, signal);
  if (collected > 0) deps.log.info({ event: 'registry.collected', collected });
}
