import type { LostRange } from '../../db/command/promote.ts';
import { sha256 } from '../../db/write/change.ts';
import { instanceOf } from '../../domain/ledger/anchor.ts';
import { parseNoteKey } from '../../domain/ledger/note.ts';
import { compared, copies, largestSigned } from './rollback-check.ts';
import type { RollbackDeps } from './rollback-check.ts';

interface Ending {
  origin: string;
  epoch: number;
  size: number;
  verifier_key: string;
}

/**
 * What the blobs say was lost of a log: from the largest copy that is a prefix of it, as far as the largest that was
 * signed. Where they say nothing, what lies behind the end of the record is lost, as far as nobody knows. Errors: BlobError.
 */
export async function lostOf(
  { db, blobs, keysOf }: RollbackDeps,
  ending: Ending,
): Promise<{ lost: LostRange; highest_epoch: number }> {
  const { origin, epoch, size, verifier_key } = ending;
  const sizes = await copies(blobs, instanceOf(origin), epoch);
  const highest_epoch = Math.max(epoch, ...sizes.keys());
  const named = sizes.get(epoch) ?? [];
  const keys = [parseNoteKey(verifier_key, sha256), ...keysOf(origin, epoch)];
  const largest = await largestSigned(blobs, origin, named, keys);
  if (largest === undefined || (await compared(db, ending, largest)) === null)
    return { lost: { from: size, to: null }, highest_epoch };
  const isPrefix = async (copy: typeof largest) => (await compared(db, ending, copy)) === null;
  const agreed = await largestSigned(blobs, origin, named, keys, isPrefix);
  return { lost: { from: agreed?.size ?? 0, to: largest.size }, highest_epoch };
}
