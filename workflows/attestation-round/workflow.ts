import { sleep } from '@temporalio/workflow';
import type { Watched } from '../../activities/enrolment/types.ts';
import { refused } from '../enrolment-record.ts';
import type { AttestationRoundInput } from './messages.ts';
import { takeQuote } from './take-quote.ts';

/** A host that starts beside us is there within seconds; one that is not back by the last try is down. */
const PAUSES_MS = [1_000, 5_000, 15_000, 30_000, 60_000];

/** A fresh quote of a node: what was known of it before a start says nothing about what runs now. */
export async function attestationRound({ node }: AttestationRoundInput): Promise<Watched> {
  for (const pause of PAUSES_MS) {
    const watched = await takeQuote(node);
    if (watched !== null) return watched;
    await sleep(pause);
  }
  throw refused('evidence_missing');
}
