// What an instance says of its exports it signs with one key at a time; each public half is kept for ever, or what it signed would end with it.
import { z } from 'zod';
import type { Sha256 } from '../canonical/hash.ts';
import { canonicalJson } from '../canonical/json.ts';
import { decodeUtf8Strict } from '../json/utf8.ts';
import { MOST_KEYS } from '../ledger/key-rotation.ts';
import { fromBase64 } from '../signing/base64.ts';
import type { VerificationKey } from '../signing/dsse.ts';
import { OPERATOR_KEY_ID, operatorKeyId, PUBLIC_KEY_BYTES } from '../signing/operator-key.ts';
import { readPayload } from '../signing/statement.ts';

/** More an instance has never had: one a week for twenty years. */
export const MOST_PROVENANCE_KEYS = 1024;

/** `public_key` is the raw Ed25519 key in base64, `key_id` its digest's beginning (operator-key.ts); `until` is null while it signs. */
export const provenanceKeySchema = z.strictObject({
  key_id: z.string().regex(OPERATOR_KEY_ID),
  public_key: z.string().refine((text) => fromBase64(text)?.length === PUBLIC_KEY_BYTES),
  since: z.iso.datetime(),
  until: z.iso.datetime().nullable(),
});
export type ProvenanceKey = z.infer<typeof provenanceKeySchema>;

/** As `/v1/provenance/keys` answers them, oldest first. */
export const provenanceKeysSchema = z.strictObject({ keys: z.array(provenanceKeySchema).max(MOST_PROVENANCE_KEYS) });

/** What verifies an envelope by these. */
export const verificationKeysOf = (keys: readonly ProvenanceKey[]): VerificationKey[] =>
  keys.map(({ key_id, public_key }) => ({ key_id, public_key: fromBase64(public_key) ?? new Uint8Array() }));

/** What stands beside an export: the keys of the instance's statements, and the verifier keys of its log, oldest first. */
export const exportKeysSchema = z.strictObject({
  provenance: z.array(provenanceKeySchema).min(1).max(MOST_PROVENANCE_KEYS),
  log: z.array(z.string().min(1).max(1024)).min(1).max(MOST_KEYS),
});
export type ExportKeys = z.infer<typeof exportKeysSchema>;

export const exportKeysText = ({ provenance, log }: ExportKeys): string => canonicalJson({ provenance, log });

/** The keys in these bytes; null for what is none, spells them otherwise, or gives a key another's name. Never throws. */
export function readExportKeys(bytes: Uint8Array, sha256: Sha256): ExportKeys | null {
  const keys = readPayload(bytes, exportKeysSchema);
  if (keys === null || exportKeysText(keys) !== decodeUtf8Strict(bytes)) return null;
  const named = verificationKeysOf(keys.provenance).every(
    (key) => operatorKeyId(key.public_key, sha256) === key.key_id,
  );
  return named ? keys : null;
}
