// A forensic bundle is five members that are hashed together, and what proves their hash; the proof is written last.
import type { Streamed } from '../canonical/stream.ts';
import { streamedObject } from '../canonical/stream.ts';
import type { WalkHandler } from '../json/walk.ts';

/** What `bundle_hash` is over, in the order in which RFC 8785 writes it. */
export const PAYLOAD_MEMBERS = ['audit_entries', 'exported_at', 'incidents', 'policy_digest', 'system_state'] as const;
export type PayloadMember = (typeof PAYLOAD_MEMBERS)[number];

/** Every member of a bundle in the order in which one is written: a stream that was cut has no hash and no signature. */
export const BUNDLE_MEMBERS = [
  ...PAYLOAD_MEMBERS,
  'canonical_payload',
  'key_id',
  'ledger',
  'bundle_hash',
  'signature',
  'signature_ed25519',
] as const;

export const isPayloadMember = (name: unknown): name is PayloadMember =>
  PAYLOAD_MEMBERS.includes(name as PayloadMember);

/** The five members as one value. */
export const payloadOf = (members: Record<PayloadMember, Streamed>): Streamed => streamedObject(members);

/** The parts of the payload that may be long are gone through, the rest of it is short. */
export const walksPayload: WalkHandler['walks'] = (path, kind) => {
  if (path.length === 0) return kind === 'object';
  if (path.length === 1)
    return path[0] === 'system_state' ? kind === 'object' : isPayloadMember(path[0]) && kind === 'array';
  return path.length === 2 && path[0] === 'system_state' && kind === 'array';
};

/**
 * An audit entry of a bundle: the leaf's value and its RFC 9162 leaf hash in base64. It has a place when the checkpoint of
 * its epoch covers it; what was written since the last checkpoint has none.
 */
export interface BundledEntry {
  entry: Record<string, unknown>;
  /** `<epoch>-<index>` */
  id?: string;
  index?: number;
  leaf_hash: string;
}

/** `forensic-bundle-YYYYMMDD-HHMMSS.json`, UTC, of an RFC 3339 time. */
export const bundleFileName = (exported_at: string): string =>
  `forensic-bundle-${exported_at.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}.json`;
