// The quote of an anchor counts when the node's enrolled key made it over the digest of this checkpoint and nothing older.
import { z } from 'zod';
import type { Sha256 } from '../canonical/hash.ts';
import { fromHex } from './bytes.ts';
import { claim } from './claim.ts';
import type { Claim } from './claim.ts';
import { AttestationError } from './error.ts';
import { evidenceSchema } from './evidence.ts';
import { keyClaims, verifyP256 } from './key-claims.ts';
import type { EnrolledKey } from './key-claims.ts';
import { parseQuote } from './tpms-attest.ts';

/** What an attester says of an anchor: the counter after its increment, decimal, and the quote; null where it made none. */
export const anchorEvidenceSchema = z.strictObject({
  counter: z.string().regex(/^(?:0|[1-9][0-9]{0,18})$/),
  quote: evidenceSchema.pick({ node: true, attest: true, signature: true }).nullable(),
});
export type AnchorEvidence = z.infer<typeof anchorEvidenceSchema>;

/** The claims nonce, ak_enrolled, ak_attributes and signature. PCRs are for the watch to judge. Total: a quote of any shape yields claims. */
export function anchorQuoteClaims(
  quote: NonNullable<AnchorEvidence['quote']>,
  expected: { node: EnrolledKey; digest: string },
  sha256: Sha256,
): Claim[] {
  try {
    const { nonce } = parseQuote(fromHex(quote.attest, 'attest'));
    return [
      claim('nonce', nonce === expected.digest, expected.digest, nonce),
      ...keyClaims(expected.node, { ...quote, pcrs: [] }, sha256, verifyP256),
    ];
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    return [claim('evidence_parses', false, 'TPMS_ATTEST of a quote', error.message)];
  }
}
