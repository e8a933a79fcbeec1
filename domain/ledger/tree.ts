// The Merkle tree of RFC 9162 §2.1.1: leaves and nodes are hashed under different prefixes, so neither passes for the other.
import type { Sha256 } from '../canonical/hash.ts';

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array {
  const bytes = new Uint8Array(65);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 33);
  return sha256(bytes);
}

/** The root over hashes of complete subtrees of one height, of which only the last may be smaller. At least one. */
export function rootOf(hashes: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  let row = hashes;
  while (row.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i + 1 < row.length; i += 2)
      next.push(nodeHash(row[i] as Uint8Array, row[i + 1] as Uint8Array, sha256));
    // The last one without a neighbour goes up as it is: the split of the RFC puts it alone on the right.
    if (row.length % 2 === 1) next.push(row.at(-1) as Uint8Array);
    row = next;
  }
  return row[0] as Uint8Array;
}
