import { createPublicKey, verify } from 'node:crypto';
import type { Database } from '../../db/client.ts';
import { currentLog, readEdge } from '../../db/command/sequence-entries.ts';
import { sha256 } from '../../db/write/change.ts';
import { toHex } from '../../domain/canonical/hash.ts';
import { checkpointFolder, checkpointKey, instanceOf, readCheckpointKey } from '../../domain/ledger/anchor.ts';
import type { Suspicion } from '../../domain/ledger/anchor.ts';
import { parseCheckpoint } from '../../domain/ledger/checkpoint.ts';
import type { Checkpoint } from '../../domain/ledger/checkpoint.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import { openNote, parseNoteKey } from '../../domain/ledger/note.ts';
import type { NoteKey } from '../../domain/ledger/note.ts';
import type { BlobStore } from '../../storage/blob-store.ts';

/** Copies per epoch that are looked at, the largest first: what nobody signed is skipped, and says nothing. */
const LOOKED_AT = 32;

export interface RollbackDeps {
  db: Database;
  blobs: BlobStore;
  /** The keys of an epoch that this host has or had: the record may be older than its newest key. */
  keysOf: (origin: string, epoch: number) => NoteKey[];
}

/**
 * Whether a checkpoint among the blobs is no prefix of our log: of an epoch that we do not know, larger than our log, or
 * of another tree. The largest that was signed decides: each was signed as a continuation of those before it. Errors: BlobError.
 */
export async function suspectedByBlobs({ db, blobs, keysOf }: RollbackDeps): Promise<Suspicion | null> {
  const named = await currentLog(db);
  if (named === undefined) return null;
  const instance = instanceOf(named.origin);
  const sizes = await copies(blobs, instance, named.epoch);
  // Read again after the list: a copy that came meanwhile is of a tree that was committed before it.
  const log = await currentLog(db);
  if (log === undefined) return null;
  for (const [epoch, largest] of [...sizes].sort(([a], [b]) => b - a)) {
    if (epoch < log.epoch) continue;
    const origin = `${instance}/${epoch}`;
    const keys = [...(epoch === log.epoch ? [parseNoteKey(log.verifier_key, sha256)] : []), ...keysOf(origin, epoch)];
    const copy = await largestSigned(blobs, origin, largest, keys);
    if (copy === undefined) continue;
    if (epoch > log.epoch) return { cause: 'epoch_unknown', origin, checkpoint_size: copy.size };
    return compared(db, log, copy);
  }
  return null;
}

/** The largest sizes per epoch, descending. The list is walked, not kept. Errors: BlobError. */
export async function copies(blobs: BlobStore, instance: string, from: number): Promise<Map<number, number[]>> {
  const sizes = new Map<number, number[]>();
  for await (const key of blobs.list(checkpointFolder(instance))) {
    const named = readCheckpointKey(instance, key);
    if (named === null || named.epoch < from) continue;
    const kept = [...(sizes.get(named.epoch) ?? []), named.size].sort((a, b) => b - a);
    sizes.set(named.epoch, kept.slice(0, LOOKED_AT));
  }
  return sizes;
}

/** The largest of these sizes whose copy one of these keys signed, and for which `fits` holds. Errors: BlobError. */
export async function largestSigned(
  blobs: BlobStore,
  origin: string,
  sizes: readonly number[],
  keys: readonly NoteKey[],
  fits: (copy: Checkpoint) => boolean | Promise<boolean> = () => true,
): Promise<Checkpoint | undefined> {
  for (const size of sizes) {
    const note = Buffer.from(await blobs.get(checkpointKey(origin, size))).toString('utf8');
    const checkpoint = signedBy(note, keys);
    if (checkpoint?.origin === origin && checkpoint.size === size && (await fits(checkpoint))) return checkpoint;
  }
  return undefined;
}

function signedBy(note: string, keys: readonly NoteKey[]): Checkpoint | undefined {
  try {
    return parseCheckpoint(openNote(note, keys, verifies));
  } catch (error) {
    if (error instanceof LedgerError) return undefined;
    throw error;
  }
}

function verifies(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') };
  return verify(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature);
}

/** Why this checkpoint is no prefix of the log; null when it is one. */
export async function compared(
  db: Database,
  { epoch, origin, size }: { epoch: number; origin: string; size: number },
  copy: Checkpoint,
): Promise<Suspicion | null> {
  const checkpoint_size = copy.size;
  if (checkpoint_size > size) return { cause: 'checkpoint_ahead', origin, checkpoint_size, size };
  const root = toHex((await readEdge(db, { epoch, size: checkpoint_size })).root());
  const checkpoint_root = toHex(copy.root);
  return root === checkpoint_root
    ? null
    : { cause: 'checkpoint_differs', origin, checkpoint_size, checkpoint_root, root };
}
