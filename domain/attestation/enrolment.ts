// A TPM is enrolled by what it proves: an EK under a known root, an AK beside it, and a quote against the challenge's nonce.
import { z } from 'zod';
import { hashCanonical, toHex } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import type { Environment } from './appraise.ts';
import { fromHex } from './bytes.ts';
import { AttestationError } from './error.ts';
import { evidenceSchema } from './evidence.ts';
import type { PcrValue } from './evidence.ts';
import { nameOf, requireAttestationKey } from './tpmt-public.ts';
import { parseQuote } from './tpms-attest.ts';

export type EkTrust = 'hardware' | 'simulated';

/** Firmware and boot configuration (PCRs 0 to 7), and the PCR that applications may extend and reset (23). */
export const ENROLMENT_PCRS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 23];

const hex = (maxBytes: number) =>
  z
    .string()
    .max(maxBytes * 2)
    .regex(/^(?:[0-9a-f]{2})+$/);

/** What a host says its TPM's keys are, lowercase hex: TPMT_PUBLICs, the EK's DER certificate, the AK's Name. */
export const keyDescriptionSchema = z.strictObject({
  ek_public: hex(1024),
  ek_certificate: hex(8192).nullable(),
  ak_public: hex(1024),
  ak_name: hex(34),
});
export type KeyDescription = z.infer<typeof keyDescriptionSchema>;

/** A node's keys and what its EK's root makes them worth. */
export interface Enrolment extends KeyDescription {
  node: string;
  ek_trust: EkTrust;
}

/** Whether evidence under such a root may count at all. */
export const acceptsRoot = (trust: EkTrust, environment: Environment): boolean =>
  trust === 'hardware' || environment === 'embedded';

/** Whether the AK is an attestation key and bears this Name. */
export function isAttestationKey({ ak_public, ak_name }: KeyDescription, sha256: Sha256): boolean {
  try {
    return nameOf(requireAttestationKey(fromHex(ak_public, 'ak_public')), sha256) === ak_name;
  } catch (error) {
    if (error instanceof AttestationError) return false;
    throw error;
  }
}

/**
 * What the record keeps of a credential until its proof comes: a digest that fixes the proof, the keys it was made for
 * and the verdict on their root, so that none of them can be exchanged on the way.
 */
export function expectedProof(proof: Uint8Array, enrolment: Enrolment, sha256: Sha256): string {
  const { node, ek_trust, ek_public, ek_certificate, ak_public, ak_name } = enrolment;
  const fixed = { proof: toHex(proof), node, ek_trust, ek_public, ek_certificate, ak_public, ak_name };
  return hashCanonical(fixed, sha256);
}

/**
 * What a quote shows, for first reference values; null when it cannot be read or shows other PCRs than `ENROLMENT_PCRS`.
 * Whether it is authentic is for the appraisal to say.
 */
export function shownBy(evidence: unknown): { pcrs: PcrValue[]; firmware_version: string } | null {
  const parsed = evidenceSchema.safeParse(evidence);
  if (!parsed.success) return null;
  try {
    const { firmware_version } = parseQuote(fromHex(parsed.data.attest, 'attest'));
    const { pcrs } = parsed.data;
    return pcrs.map((p) => p.index).join() === ENROLMENT_PCRS.join() ? { pcrs, firmware_version } : null;
  } catch (error) {
    if (error instanceof AttestationError) return null;
    throw error;
  }
}
