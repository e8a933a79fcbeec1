import type { Credential } from '../../activities/enrolment/types.ts';
import { takeQuote } from '../attestation-watch/take-quote.ts';
import { enrolments, hostKeys } from '../enrolment-record.ts';
import { failureCode } from '../failure-code.ts';
import { attester } from '../record.ts';
import { refused } from '../refused.ts';
import type { NodeEnrolmentInput } from './messages.ts';

/**
 * Enrols a node's TPM: its keys, a credential for them that only it can open, a quote against the challenge's nonce; then
 * a fresh quote is appraised against the first reference values, and the node's watch goes on from there. `passed` is null
 * when that quote did not come. Fails with a code of `EnrolmentRefusal`.
 */
export async function nodeEnrolment({ node, replace }: NodeEnrolmentInput): Promise<{ passed: boolean | null }> {
  const replacing = replace === undefined ? {} : { replace };
  const keys = await hostKeys(node).describeKeys();
  const opened = await enrolments.openEnrolment({ node, ...replacing, ...keys });
  if (!opened.ok) throw refused(opened.code);
  if (opened.challenge !== null) {
    const { challenge, credential, ek_trust } = opened;
    const proof = await prove(node, { ...credential, challenge_id: challenge.challenge_id });
    const evidence = proof === null ? null : await attester(node).collectEvidence(challenge);
    const enrolment = { node, ek_trust, ...keys };
    const completed = await enrolments.completeEnrolment({
      challenge_id: challenge.challenge_id,
      enrolment,
      proof,
      evidence,
      ...replacing,
    });
    if (!completed.ok) throw refused(completed.code);
  }
  return { passed: (await takeQuote(node))?.passed ?? null };
}

/** Null when the TPM could not open the credential; that it could not is on the record when the record refuses. */
async function prove(node: string, credential: Credential & { challenge_id: string }): Promise<string | null> {
  try {
    return (await hostKeys(node).proveCredential(credential)).proof;
  } catch (error) {
    if (failureCode(error, 'attester_unreachable') === 'tpm_failed') return null;
    throw error;
  }
}
