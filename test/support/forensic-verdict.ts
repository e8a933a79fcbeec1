import { natives } from '../../cli/forensic/natives.ts';
import type { ForensicKey } from '../../domain/forensic/key.ts';
import { verifyBundle } from '../../domain/forensic/verify.ts';
import type { ForensicVerdict } from '../../domain/forensic/verify.ts';
import type { NoteKey } from '../../domain/ledger/note.ts';

/** What the verifier says of a text or of bytes, read in pieces of `size`. */
export function verdictOf(
  bundle: string | Uint8Array,
  { forensicKeys = [], ledgerKeys = [] }: { forensicKeys?: ForensicKey[]; ledgerKeys?: NoteKey[] },
  size = 65_536,
): Promise<ForensicVerdict> {
  const bytes = typeof bundle === 'string' ? Buffer.from(bundle) : bundle;
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  return verifyBundle(pieces, { forensicKeys, ledgerKeys }, natives);
}
