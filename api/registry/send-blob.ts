import { recordBlobState } from '../../db/command/verify-blob.ts';
import { findBlob } from '../../db/read/registry.ts';
import type { FoundBlob } from '../../db/read/registry.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { BlobError } from '../../storage/blob-error.ts';
import { registryKey } from '../../storage/blob-store.ts';
import type { BlobReader } from '../../storage/blob-store.ts';
import type { ApiDeps } from '../deps.ts';
import type { ByteStream } from '../reply.ts';
import type { Call } from '../route.ts';
import { requireServed } from './blob-request.ts';
import { brokenBy } from './look-at.ts';

/** Offsets of the first and of the last byte. */
export interface Part {
  first: number;
  last: number;
}

type From = Pick<ApiDeps, 'db' | 'blobs' | 'log'>;

/** The blob in its store, in the length that is on record. Errors: blob_missing, blob_corrupt and the store's. */
export async function openBlob(deps: From, call: Pick<Call, 'caller'>, blob: FoundBlob): Promise<BlobReader> {
  return reported(deps, call, blob, async () => {
    const reader = await deps.blobs.read(registryKey(blob.digest));
    if (reader.length === blob.bytes) return reader;
    await reader.close();
    throw new BlobError('blob_corrupt', registryKey(blob.digest));
  });
}

/**
 * A part of a blob, or all of it. All of the blob is read whatever the part, and the last piece comes only when the digest
 * fits and the gate is still open: nobody takes a corrupt blob, or one quarantined meanwhile, for a whole one. What fits into
 * one piece is known before anything is sent.
 */
export async function partOf(
  deps: From,
  call: Pick<Call, 'caller'>,
  blob: FoundBlob,
  { first, last }: Part,
): Promise<ByteStream> {
  const reader = await openBlob(deps, call, blob);
  const pieces = slice(reader, { first, last }, async () => {
    requireServed(await findBlob(deps.db, call.caller.workspace_id, blob.digest));
  });
  const next = () => reported(deps, call, blob, () => pieces.next());
  async function* chunks(begun: IteratorResult<Uint8Array>): AsyncGenerator<Uint8Array> {
    for (let piece = begun; piece.done !== true; piece = await next()) yield piece.value;
  }
  try {
    const begun = await next();
    return { length: last - first + 1, chunks: () => chunks(begun), close: () => reader.close() };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

async function* slice(
  reader: BlobReader,
  { first, last }: Part,
  lastLook: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of reader.chunks()) {
    const piece = chunk.subarray(Math.max(first - at, 0), Math.max(last + 1 - at, 0));
    at += chunk.length;
    if (piece.length === 0) continue;
    if (held !== undefined) yield held;
    held = piece;
  }
  await lastLook();
  if (held !== undefined) yield held;
}

/** A reader that comes upon a broken blob leaves word of it. */
async function reported<T>(
  { db, log }: From,
  { caller }: Pick<Call, 'caller'>,
  { digest }: FoundBlob,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const state = brokenBy(error);
    if (state === undefined) throw error;
    log.error({ event: 'registry.blob_broken', digest, code: state });
    await recordBlobState(db, caller, { digest, state, asked: false });
    throw new DomainError(state);
  }
}
