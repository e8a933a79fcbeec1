// A hash, the members it is of, their copy and two signatures over it: the one that is unlike the others was altered.
import { fromHex, isSha256Hex, toHex } from '../canonical/hash.ts';
import type { NoteKey } from '../ledger/note.ts';
import { fromBase64 } from '../signing/base64.ts';
import { verifyEd25519 } from '../signing/ed25519.ts';
import type { BundleReader } from './bundle-reader.ts';
import { forensicMac } from './key.ts';
import type { ForensicKey } from './key.ts';
import type { ProblemList } from './problem.ts';

/** Whom the verifier believes. Without forensic keys the HMAC is not checked. */
export interface ForensicTrust {
  forensicKeys: readonly ForensicKey[];
  /** Without any the key is the one that the bundle names, once its HMAC is good. */
  ledgerKeys: readonly NoteKey[];
}

export type Check = 'good' | 'bad' | 'unchecked';

export interface CountedHash {
  bytes: Uint8Array;
  /** Whether the five members have it. */
  own: boolean;
}

/** Places are for people. */
const PLACES = 20;

/** The hash that the signatures have to be over; says which of members, copy and hash is not like the others. */
export function hashThatCounts(reader: BundleReader, trust: ForensicTrust, problems: ProblemList): CountedHash | null {
  const stated = reader.texts.bundle_hash ?? '';
  const members = toHex(reader.payload.digest());
  const copy = reader.copy.digest();
  const known = isSha256Hex(stated);
  if (members === stated && copy === stated) return { bytes: fromHex(stated), own: true };
  if (members === copy) {
    const [ours, theirs] = [fromHex(members), known ? fromHex(stated) : null];
    if (theirs !== null && !vouched(reader, ours, trust) && vouched(reader, theirs, trust)) {
      problems.add('member_altered', '', 'the members and canonical_payload are not what was signed');
      return { bytes: theirs, own: false };
    }
    problems.add('bundle_hash_altered', 'bundle_hash', 'is not the hash of the payload');
    return { bytes: ours, own: true };
  }
  const places = reader.copy.legible ? reader.payload.digests.differences(reader.copy.digests, PLACES) : [];
  if (members === stated) {
    for (const place of places.length > 0 ? places : [''])
      problems.add(
        'canonical_payload_altered',
        place === '' ? 'canonical_payload' : `canonical_payload: ${place}`,
        COPY,
      );
    return { bytes: fromHex(stated), own: true };
  }
  for (const place of places) problems.add('member_altered', place, 'is not what canonical_payload has there');
  if (copy !== stated)
    problems.add('bundle_hash_altered', 'bundle_hash', 'is neither of the members nor of canonical_payload');
  else if (places.length === 0) problems.add('member_altered', '', 'the members are not what canonical_payload has');
  return known ? { bytes: fromHex(stated), own: false } : null;
}

/** Whether somebody known has signed this hash. */
const vouched = (
  { texts }: BundleReader,
  hash: Uint8Array,
  { forensicKeys, ledgerKeys: keys }: ForensicTrust,
): boolean =>
  forensicKeys.some((key) => forensicMac(key, hash) === texts.signature) ||
  keys.some(({ publicKey }) => verifyEd25519(publicKey, hash, fromBase64(texts.signature_ed25519 ?? '') ?? NONE));

const NONE = new Uint8Array(0);
const COPY = 'is not what was exported: the members are, by their hash';

/** The HMAC, by whichever of the known keys. */
export function checkMac(
  { texts }: BundleReader,
  hash: CountedHash,
  trust: ForensicTrust,
  problems: ProblemList,
): Check {
  if (trust.forensicKeys.length === 0) return 'unchecked';
  const signer = trust.forensicKeys.find((key) => forensicMac(key, hash.bytes) === texts.signature);
  const named = trust.forensicKeys.find(({ key_id }) => key_id === texts.key_id);
  if (signer !== undefined && signer === named) return 'good';
  if (signer !== undefined) {
    problems.add('key_id_altered', 'key_id', `the signature is by ${signer.key_id}`);
    return 'good';
  }
  if (named !== undefined) problems.add('signature_invalid', 'signature', 'is not the HMAC of the bundle’s hash');
  else
    problems.add(
      'key_unknown',
      'key_id',
      `the bundle was signed with ${texts.key_id ?? 'nothing'}, here is ${trust.forensicKeys.map((k) => k.key_id).join(', ')}`,
    );
  return 'bad';
}

/** The signature of the log. */
export function checkEd25519(
  { texts }: BundleReader,
  hash: CountedHash,
  keys: readonly NoteKey[],
  problems: ProblemList,
): Check {
  const signature = fromBase64(texts.signature_ed25519 ?? '');
  if (signature !== null && keys.some(({ publicKey }) => verifyEd25519(publicKey, hash.bytes, signature)))
    return 'good';
  problems.add('signature_ed25519_invalid', 'signature_ed25519', 'is not the log key’s over the bundle’s hash');
  return 'bad';
}
