import type { Answer } from '../../db/attestation/appraise-challenge.ts';
import type { Observation } from '../../db/attestation/check-baseline.ts';
import type { FirstBaseline } from '../../db/command/baseline.ts';
import type { OpenedChallenge } from '../../db/command/challenges.ts';
import type { OpenedCheck } from '../../db/command/watch-files.ts';
import type { Watched } from '../../db/command/watch.ts';
import type { ApprovalOutcome, BaselineApproval, ReferenceApproval } from '../../domain/process/watch.ts';

export type { FirstBaseline, OpenedCheck, Watched };

/** When the record wants to be looked after again, in milliseconds. */
export interface Pace {
  again_after_ms: number;
}

/** The record's side of a watch; each call is one transaction, and a mismatch is reported in another before it returns. */
export interface WatchActivities {
  /** Null: the node is not enrolled, nobody has to watch it. */
  openWatchChallenge(node: string): Promise<OpenedChallenge | null>;
  recordQuote(answer: Answer): Promise<Watched & Pace>;
  recordMissedQuote(missed: { node: string; reason: string }): Promise<Pace>;
  /** Null: nobody has to watch these files. */
  openCheck(baseline: string): Promise<OpenedCheck | null>;
  /** Signs what was observed as the first baseline, where there is none. */
  signFirstBaseline(observation: Observation): Promise<FirstBaseline>;
  /** `check_id` tells a retry from another check. */
  recordCheck(check: Observation & { check_id: string }): Promise<Watched & Pace>;
  recordMissedCheck(missed: { baseline: string; reason: string }): Promise<Pace>;
  approveReference(approval: ReferenceApproval): Promise<ApprovalOutcome>;
  approveBaseline(approval: BaselineApproval): Promise<ApprovalOutcome>;
}
