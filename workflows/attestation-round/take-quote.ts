import type { Watched } from '../../activities/enrolment/types.ts';
import { rounds } from '../enrolment-record.ts';
import { failureCode } from '../failure-code.ts';
import { attester } from '../record.ts';

/**
 * One quote of an enrolled node, and its appraisal; a mismatch has become an incident when this returns. Null when no
 * quote came: that is counted, and after the second the node's state is unknown.
 */
export async function takeQuote(node: string): Promise<Watched | null> {
  try {
    const challenge = await rounds.openWatchChallenge(node);
    const evidence = await attester(node).collectEvidence(challenge);
    return await rounds.recordQuote({ challenge_id: challenge.challenge_id, evidence });
  } catch (error) {
    const reason = failureCode(error, 'attester_unreachable');
    await rounds.recordMissedQuote({ node, reason });
    return null;
  }
}
