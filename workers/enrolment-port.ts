import type { EnrolmentActivities, RoundActivities } from '../activities/enrolment/types.ts';
import type { AttestationContext, Signer } from '../db/attestation/context.ts';
import type { Database } from '../db/client.ts';
import { firstIntegrityBaseline } from '../db/command/baseline.ts';
import { INSTANCE } from '../db/command/caller.ts';
import type { Caller } from '../db/command/caller.ts';
import { completeEnrolment } from '../db/command/complete-enrolment.ts';
import { enrolledNode } from '../db/command/enrol.ts';
import { openEnrolment } from '../db/command/open-enrolment.ts';
import type { EnrolmentVerifier } from '../db/command/open-enrolment.ts';
import { openWatchChallenge, recordCheck, recordMissedQuote, recordQuote } from '../db/command/watch.ts';

/** What the instance does by itself is done in its own name. */
export const ITSELF: Caller = { workspace_id: INSTANCE, actor: 'system', on_behalf_of: null };

export interface EnrolmentPortDeps {
  db: Database;
  context: () => AttestationContext;
  signer: Signer;
  verifier: EnrolmentVerifier;
}

/** The commands that enrol a node and look at nodes and files, on one database. */
export function enrolmentPort({
  db,
  context,
  signer,
  verifier,
}: EnrolmentPortDeps): EnrolmentActivities & RoundActivities {
  return {
    openEnrolment: (described) => openEnrolment(db, ITSELF, described, verifier),
    completeEnrolment: async (answer) => {
      const completed = await completeEnrolment(db, ITSELF, answer, context(), signer);
      if (completed.ok || completed.code !== 'challenge_used') return completed;
      const { node, ak_name } = answer.enrolment;
      // The attempt that spent the challenge may have been this activity's own, whose answer was lost.
      const known = await enrolledNode(db, node);
      return known?.state === 'enrolled' && known.ak_name === ak_name ? { ok: true, node } : completed;
    },
    openWatchChallenge: (node) => openWatchChallenge(db, ITSELF, node),
    recordQuote: (answer) => recordQuote(db, ITSELF, answer, context()),
    recordMissedQuote: ({ node, reason }) => recordMissedQuote(db, ITSELF, node, reason),
    signFirstBaseline: (observation) =>
      firstIntegrityBaseline(db, ITSELF, { ...observation, root: observation.baseline }, signer),
    recordCheck: ({ check_id, ...observation }) => recordCheck(db, ITSELF, check_id, observation, context()),
  };
}
