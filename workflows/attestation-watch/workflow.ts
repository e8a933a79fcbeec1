import { setHandler } from '@temporalio/workflow';
import { keepWatch } from '../keep-watch.ts';
import { malformedApproval, refusing } from '../malformed.ts';
import { decisionOf, Desk } from '../watch-desk.ts';
import { watches } from '../watch-record.ts';
import { approveReferenceUpdate } from './messages.ts';
import type { AttestationWatchInput } from './messages.ts';
import { takeQuote } from './take-quote.ts';

/**
 * Looks at a node for as long as it is enrolled: a quote at once and then at every interval, another as soon as somebody
 * has changed what is expected of it. A node that is not what it should be becomes an incident by itself.
 */
export async function attestationWatch(input: AttestationWatchInput): Promise<void> {
  const { node } = input;
  const desk = new Desk();
  setHandler(
    approveReferenceUpdate,
    (given) => desk.approve(() => watches.approveReference({ ...decisionOf(given), node, pcr: given.pcr })),
    { validator: refusing((given) => malformedApproval(given, 'pcr')) },
  );
  await keepWatch(input, desk, () => takeQuote(node));
}
