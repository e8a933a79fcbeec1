import { failureCode } from '../failure-code.ts';
import { attester } from '../record.ts';
import { watches } from '../watch-record.ts';

/** What a look at a node came to; null when it is not enrolled any more. */
export type Look = { again_after_ms: number; passed: boolean | null } | null;

/**
 * One quote and its appraisal; a mismatch has become an incident when this returns. A quote that did not come, or could
 * not be appraised, is counted. Fails only when the record itself cannot be asked.
 */
export async function takeQuote(node: string): Promise<Look> {
  const challenge = await watches.openWatchChallenge(node);
  if (challenge === null) return null;
  try {
    const evidence = await attester(node).collectEvidence(challenge);
    return await watches.recordQuote({ challenge_id: challenge.challenge_id, evidence });
  } catch (error) {
    const reason = failureCode(error, 'attester_unreachable');
    return { ...(await watches.recordMissedQuote({ node, reason })), passed: null };
  }
}
