// Evidence is bytes from a host that may be hostile: its shape is bounded before anything in it is read.
import { z } from 'zod';

const hex = (maxBytes: number) =>
  z
    .string()
    .min(2)
    .max(maxBytes * 2)
    .regex(/^(?:[0-9a-f]{2})+$/);

/** SHA-256 digest, 64 lowercase hex digits. */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

/** A PCR index of the PC Client profile, 0 to 23. */
export const pcrIndex = z.int().min(0).max(23);

export const pcrValueSchema = z.strictObject({ index: pcrIndex, digest: sha256Hex });

/** `attest` is TPMS_ATTEST, `signature` TPMT_SIGNATURE, both marshalled, lowercase hex; `pcrs` the values quoted. */
export const evidenceSchema = z.strictObject({
  node: z.string().min(1).max(253),
  attest: hex(1024),
  signature: hex(512),
  pcrs: z.array(pcrValueSchema).max(24),
  ak_name: hex(34).optional(),
});

export type PcrValue = z.infer<typeof pcrValueSchema>;
export type Evidence = z.infer<typeof evidenceSchema>;
