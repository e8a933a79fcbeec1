import type { EnrolmentActivities } from '../activities/enrolment/types.ts';
import type { AttestationContext, Signer } from '../db/attestation/context.ts';
import type { Database } from '../db/client.ts';
import { INSTANCE } from '../db/command/caller.ts';
import type { Caller } from '../db/command/caller.ts';
import { completeEnrolment } from '../db/command/complete-enrolment.ts';
import { enrolledNode } from '../db/command/enrol.ts';
import { openEnrolment } from '../db/command/open-enrolment.ts';
import type { EnrolmentVerifier } from '../db/command/open-enrolment.ts';

/** What the instance does by itself is done in its own name. */
export const ITSELF: Caller = { workspace_id: INSTANCE, actor: 'system', on_behalf_of: null };

export interface EnrolmentPortDeps {
  db: Database;
  context: () => AttestationContext;
  signer: Signer;
  verifier: EnrolmentVerifier;
}

/** The commands that enrol a node, on one database. */
export function enrolmentPort({ db, context, signer, verifier }: EnrolmentPortDeps): EnrolmentActivities {
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
  };
}
