// An anchor counts when the node's enrolled key says both: a quote over the digest of this checkpoint, and the counter's value over the same.
import { z } from 'zod';
import type { Sha256 } from '../canonical/hash.ts';
import { fromHex } from './bytes.ts';
import { claim } from './claim.ts';
import type { Claim } from './claim.ts';
import { AttestationError } from './error.ts';
import { evidenceSchema } from './evidence.ts';
import { keyClaims, verifyP256 } from './key-claims.ts';
import type { EnrolledKey } from './key-claims.ts';
import { anchorCounterName, parseCertifiedCounter } from './nv-certify.ts';
import { parseQuote } from './tpms-attest.ts';

const signed = evidenceSchema.pick({ node: true, attest: true, signature: true });
export type SignedAttest = z.infer<typeof signed>;

/**
 * What an attester says of an anchor: the counter after its increment, decimal, the quote, and the TPM's own word for the
 * counter; null where it made none. Anchors from before the TPM was asked for its word have no `certified`.
 */
export const anchorEvidenceSchema = z.strictObject({
  counter: z.string().regex(/^(?:0|[1-9][0-9]{0,18})$/),
  quote: signed.nullable(),
  certified: z.exactOptional(signed.nullable()),
});
export type AnchorEvidence = z.infer<typeof anchorEvidenceSchema>;

interface Expected {
  node: EnrolledKey;
  /** Of the signed checkpoint, hex. */
  digest: string;
}

/** The claims nonce, ak_enrolled, ak_attributes and signature. PCRs are for the watch to judge. Total: a quote of any shape yields claims. */
export const anchorQuoteClaims = (quote: SignedAttest, expected: Expected, sha256: Sha256): Claim[] =>
  claimsOf(quote, expected, sha256, (attest) => [nonceClaim(parseQuote(attest).nonce, expected.digest)]);

/** The claims nonce, counter_index, counter_value, ak_enrolled, ak_attributes and signature, of what the TPM says of its counter. */
export const anchorCounterClaims = (
  certified: SignedAttest,
  expected: Expected & { counter: string },
  sha256: Sha256,
): Claim[] =>
  claimsOf(certified, expected, sha256, (attest) => {
    const { nonce, index_name, value } = parseCertifiedCounter(attest);
    const name = anchorCounterName(sha256);
    return [
      nonceClaim(nonce, expected.digest),
      claim('counter_index', index_name === name, name, index_name),
      claim('counter_value', value === expected.counter, expected.counter, value),
    ];
  });

const nonceClaim = (nonce: string, digest: string): Claim => claim('nonce', nonce === digest, digest, nonce);

function claimsOf(
  evidence: SignedAttest,
  { node }: Expected,
  sha256: Sha256,
  own: (attest: Uint8Array) => Claim[],
): Claim[] {
  try {
    return [
      ...own(fromHex(evidence.attest, 'attest')),
      ...keyClaims(node, { ...evidence, pcrs: [] }, sha256, verifyP256),
    ];
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    return [claim('evidence_parses', false, 'TPMS_ATTEST', error.message)];
  }
}
