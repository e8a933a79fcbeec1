import { hash } from 'node:crypto';
import type { Sha256 } from '../../../domain/canonical/hash.ts';

/** Written from RFC 9162 §2.1 word for word, slow and without a line of the code it judges. */
export const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer');

/** A hash that answers the same array each time, as a fast native one may. */
export function reusing(): Sha256 {
  const answer = Buffer.alloc(32);
  return (bytes) => {
    answer.set(sha256(bytes));
    return answer;
  };
}

const hashOf = (prefix: number, ...parts: Uint8Array[]): Uint8Array =>
  sha256(Buffer.concat([Buffer.of(prefix), ...parts]));

export const naiveLeafHash = (leaf: Uint8Array): Uint8Array => hashOf(0, leaf);

/** The largest power of two below `n`. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** MTH of §2.1.1 over leaves that are already hashed. */
export function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (first === undefined) return sha256(new Uint8Array(0));
  if (leaves.length === 1) return first;
  const k = split(leaves.length);
  return hashOf(1, naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}

/** PATH of §2.1.3.1. */
export function naivePath(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...naivePath(m, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(m - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
}

/** SUBPROOF of §2.1.4.1; PROOF(m, D) is `naiveConsistency(m, D)`. */
export function naiveConsistency(m: number, leaves: readonly Uint8Array[], whole = true): Uint8Array[] {
  if (m === leaves.length) return whole ? [] : [naiveRoot(leaves)];
  const k = split(leaves.length);
  return m <= k
    ? [...naiveConsistency(m, leaves.slice(0, k), whole), naiveRoot(leaves.slice(k))]
    : [...naiveConsistency(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))];
}

/** `count` leaf hashes that differ. */
export const someLeaves = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => naiveLeafHash(Buffer.from(`leaf ${i}`)));

export const row = (hashes: readonly Uint8Array[]): Uint8Array => Buffer.concat(hashes);

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
