import type { Database } from '../client.ts';
import { acknowledgeRecovery } from './acknowledge.ts';
import { decideIncident } from './decide-incident.ts';
import type { Decided } from './decide-incident.ts';
import { claimedStatement, signedBy } from './signed-decision.ts';
import type { SignedSignal } from './signed-decision.ts';

/**
 * Takes a signed acknowledgement or resolution; what it says is taken from the statement that the same transaction finds
 * signed. A re-attestation is decided with its evidence. Refused as `signedBy` says, and as the decision itself.
 */
export async function decideSigned(db: Database, signal: SignedSignal): Promise<Decided> {
  const by = signedBy(signal);
  const said = claimedStatement(signal.envelope)?.decision;
  if (said?.name === 'ack' && signal.name === 'ack') {
    const { operator, note } = said;
    return acknowledgeRecovery(db, by, { operator: operator.trim(), ...(note === undefined ? {} : { note }) });
  }
  if (said?.name === 'resolve' && signal.name === 'resolve')
    return decideIncident(db, by, async ({ by: { actor } }) => ({ asked: { kind: 'resolve', operator: actor } }), {
      kind: 'resolve',
    });
  // What is signed for anything else is refused by `signedBy`; should it not be, nothing is decided either.
  const otherwise = { asked: { ok: false, code: 'signed_for_another_decision' } } as const;
  return decideIncident(db, by, async () => otherwise, { kind: signal.name });
}
