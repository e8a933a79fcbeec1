// A receipt is the instance's signed word that a waiver is on its record, where in the bundle's ledger, and by which registered key.
import { z } from 'zod';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from '../canonical/json.ts';
import { ROLES } from '../identity/roles.ts';
import { fromBase64 } from '../signing/base64.ts';
import { DsseError, dsseEnvelopeSchema, verifyEnvelope } from '../signing/dsse.ts';
import type { VerificationKey } from '../signing/dsse.ts';
import { OPERATOR_KEY_ID, PUBLIC_KEY_BYTES } from '../signing/operator-key.ts';
import { readPayload } from '../signing/statement.ts';

/** The DSSE payload type of a receipt. */
export const RECEIPT_TYPE = 'application/vnd.interlock.governance-receipt+json';

/** What stands before the first line of a ledger. */
export const NO_LINE = '0'.repeat(64);

export const WAIVER_ID = /^WVR-\d{8}-[0-9a-f]{16}$/;

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const publicKey = z.string().refine((v) => fromBase64(v)?.length === PUBLIC_KEY_BYTES);
const keyId = z.string().regex(OPERATOR_KEY_ID);

const receipt = z.strictObject({
  instance: z.string(),
  workspace: z.string(),
  event: z.enum(['waived', 'revoked']),
  waiver_id: z.string().regex(WAIVER_ID),
  /** Hex, of the waiver's envelope. */
  waiver_digest: hex,
  bundle: z.strictObject({ name: z.string(), version: z.string(), digest }),
  transition_digest: digest,
  scope: z.string(),
  not_after: z.iso.datetime(),
  /** Why it was revoked; null for a waiver, whose justification stands in its envelope. */
  reason: z.string().nullable(),
  by: z.string(),
  recorded_at: z.iso.datetime(),
  /** The registered key that signed the waiver, as it was then. */
  key: z.strictObject({ key_id: keyId, public_key: publicKey, user: z.string(), roles: z.array(z.enum(ROLES)) }),
  /** Counts from 1 in the ledger of the bundle. */
  seq: z.int().min(1),
  /** Hex, the hash of the line before. */
  prev: hex,
  /** Hex, the leaf hash of its entry in the log of the instance. */
  entry: hex,
  /** Whose signature is on the receipt. */
  signer: z.strictObject({ key_id: keyId, public_key: publicKey }),
});
export type Receipt = z.infer<typeof receipt>;

/** The instance's key for receipts; `public_key` is raw, 32 bytes. */
export interface ReceiptSigner extends VerificationKey {
  sign: (message: Uint8Array) => Uint8Array;
}

/** The bytes that the instance signs, as DSSE payload: RFC 8785 JSON. */
export const receiptPayload = (of: Receipt): Uint8Array => utf8ToBytes(canonicalJson(of));

export type ReceiptRefusal = 'receipt_malformed' | 'receipt_key_unknown' | 'receipt_signature_invalid';

/**
 * What a receipt says when one of `keys` signed it. Without keys it is read by the one that it names itself: then it is
 * whole, and nothing says whose it is.
 */
export function readReceipt(
  envelope: unknown,
  keys: readonly VerificationKey[] | undefined,
): { ok: true; receipt: Receipt } | { ok: false; code: ReceiptRefusal } {
  const parsed = dsseEnvelopeSchema.safeParse(envelope);
  const payload = parsed.success ? fromBase64(parsed.data.payload) : null;
  const claimed = payload === null ? null : readPayload(payload, receipt);
  if (claimed === null) return { ok: false, code: 'receipt_malformed' };
  const own = { key_id: claimed.signer.key_id, public_key: fromBase64(claimed.signer.public_key) ?? new Uint8Array() };
  try {
    const { key_ids } = verifyEnvelope(envelope, keys ?? [own], RECEIPT_TYPE);
    return key_ids.includes(own.key_id) ? { ok: true, receipt: claimed } : { ok: false, code: 'receipt_malformed' };
  } catch (error) {
    if (!(error instanceof DsseError)) throw error;
    return { ok: false, code: error.code === 'key_unknown' ? 'receipt_key_unknown' : 'receipt_signature_invalid' };
  }
}

/** What an export is about that somebody shows a receipt to; `bundle_digest` and `transition_digest` are `sha256:…`. */
export interface ReceiptArrival {
  instance: string | undefined;
  workspace_id: string;
  bundle_digest: string;
  transition_digest: string;
  now: string;
}

/**
 * The waiver that a receipt shown to an export names, or `waiver_invalid`: it is signed by the instance, and about this
 * bundle, this transition and this workspace, and its time is not over. That it stands, unrevoked, the record says.
 */
export function waiverOfReceipt(
  envelope: unknown,
  keys: readonly VerificationKey[],
  at: ReceiptArrival,
): { ok: true; waiver_id: string; digest: string; not_after: string } | { ok: false; code: 'waiver_invalid' } {
  const read = readReceipt(envelope, keys);
  if (!read.ok) return { ok: false, code: 'waiver_invalid' };
  const { receipt: r } = read;
  const fits =
    r.event === 'waived' &&
    r.instance === at.instance &&
    r.workspace === at.workspace_id &&
    r.bundle.digest === at.bundle_digest &&
    r.transition_digest === at.transition_digest &&
    Date.parse(r.not_after) > Date.parse(at.now);
  if (!fits) return { ok: false, code: 'waiver_invalid' };
  return { ok: true, waiver_id: r.waiver_id, digest: r.waiver_digest, not_after: r.not_after };
}
