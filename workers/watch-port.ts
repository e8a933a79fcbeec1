import { LOCAL_OPERATOR } from '../activities/caller.ts';
import type { WatchActivities } from '../activities/watch/types.ts';
import type { AttestationContext, Signer } from '../db/attestation/context.ts';
import type { Database } from '../db/client.ts';
import { approveFiles, approvePcr } from '../db/command/approve-versions.ts';
import type { Approved } from '../db/command/approve-versions.ts';
import { firstIntegrityBaseline } from '../db/command/baseline.ts';
import { INSTANCE } from '../db/command/caller.ts';
import type { Caller } from '../db/command/caller.ts';
import { decideOnce } from '../db/command/decide-once.ts';
import type { Once } from '../db/command/decide-once.ts';
import { requestDigest } from '../db/command/decisions.ts';
import { openCheck, recordCheck, recordMissedCheck } from '../db/command/watch-files.ts';
import { openWatchChallenge, recordMissedQuote, recordQuote } from '../db/command/watch.ts';
import type { ApprovalOutcome, WatchDecision } from '../domain/process/watch.ts';
import { checkIntervalMs, nextLookMs } from '../domain/process/watch.ts';
import { ITSELF } from './enrolment-port.ts';

export interface WatchPortDeps {
  db: Database;
  context: () => AttestationContext;
  signer: Signer;
  /** Milliseconds between two quotes of a node. */
  watchIntervalMs: number;
  /** `signed`: a decision that nobody authenticated is refused. */
  signals: 'unsigned' | 'signed';
}

const SEEN = { awaited: false, missed: 0 };

/** The commands of the watches, on one database. The pace is told with each answer: a restart may bring another. */
export function watchPort({ db, context, signer, watchIntervalMs, signals }: WatchPortDeps): WatchActivities {
  const quotes = (missed = SEEN) => ({ again_after_ms: nextLookMs(watchIntervalMs, missed) });
  const checks = (missed = SEEN) => ({ again_after_ms: nextLookMs(checkIntervalMs(watchIntervalMs), missed) });

  async function approval(
    asked: WatchDecision,
    once: Omit<Once, 'key' | 'workspace_id'>,
    content: object,
    approve: (by: Caller, key: Once['key']) => Promise<Approved>,
  ): Promise<ApprovalOutcome> {
    const { caller, decision_id, reason, ticket, reviewed } = asked;
    const by = caller ?? { workspace_id: INSTANCE, actor: LOCAL_OPERATOR, on_behalf_of: null };
    const digest = asked.request_digest ?? requestDigest({ ...content, reason, ticket, reviewed });
    const key = { decision_id, request_digest: digest };
    if (caller !== null || signals === 'unsigned') return approve(by, key);
    const unsigned = { ok: false, code: 'signature_required' } as const;
    return decideOnce<typeof unsigned>(db, by, { ...once, workspace_id: INSTANCE, key }, async () => unsigned);
  }

  return {
    openWatchChallenge: (node) => openWatchChallenge(db, ITSELF, node),
    recordQuote: async (answer) => ({ ...(await recordQuote(db, ITSELF, answer, context())), ...quotes() }),
    recordMissedQuote: async (missed) => quotes(await recordMissedQuote(db, ITSELF, missed, context().environment)),
    openCheck: (baseline) => openCheck(db, baseline),
    signFirstBaseline: (observation) =>
      firstIntegrityBaseline(db, ITSELF, { ...observation, root: observation.baseline }, signer),
    recordCheck: async ({ check_id, ...observation }) => ({
      ...(await recordCheck(db, ITSELF, check_id, observation, context())),
      ...checks(),
    }),
    recordMissedCheck: async (missed) => checks(await recordMissedCheck(db, ITSELF, missed)),
    approveReference: (asked) => {
      const { node, pcr, reason, ticket, reviewed } = asked;
      const once = { aggregate: `node/${node}`, kind: 'approve_reference' };
      return approval(asked, once, { node, pcr }, (by, key) =>
        approvePcr(db, by, { node, pcr, reason, ticket, reviewed, key }, context(), signer),
      );
    },
    approveBaseline: (asked) => {
      const { baseline, observed, reason, ticket, reviewed } = asked;
      const once = { aggregate: `baseline/${baseline}`, kind: 'approve_baseline' };
      return approval(asked, once, { baseline }, (by, key) =>
        approveFiles(db, by, { baseline, observed, reason, ticket, reviewed, key }, context(), signer),
      );
    },
  };
}
