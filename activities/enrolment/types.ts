import type { EnrolmentAnswer, CompletedEnrolment } from '../../db/command/complete-enrolment.ts';
import type { FirstBaseline } from '../../db/command/baseline.ts';
import type { Credential, OpenedEnrolment } from '../../db/command/open-enrolment.ts';
import type { OpenedChallenge } from '../../db/command/challenges.ts';
import type { Watched } from '../../db/command/watch.ts';
import type { Answer } from '../../db/attestation/appraise-challenge.ts';
import type { Observation } from '../../db/attestation/check-baseline.ts';
import type { KeyDescription } from '../../domain/attestation/enrolment.ts';

export type { CompletedEnrolment, Credential, FirstBaseline, KeyDescription, OpenedEnrolment, Watched };

/** The record's side of an enrolment; each call is one transaction, each refusal is on the record. */
export interface EnrolmentActivities {
  openEnrolment(described: { node: string } & KeyDescription): Promise<OpenedEnrolment>;
  completeEnrolment(answer: EnrolmentAnswer): Promise<CompletedEnrolment>;
}

/** The record's side of one look at a node or at protected files. */
export interface RoundActivities {
  openWatchChallenge(node: string): Promise<OpenedChallenge>;
  recordQuote(answer: Answer): Promise<Watched>;
  /** How many quotes in a row have not come. */
  recordMissedQuote(missed: { node: string; reason: string }): Promise<number>;
  /** Signs what was observed as the first baseline, where there is none. */
  signFirstBaseline(observation: Observation): Promise<FirstBaseline>;
  /** `check_id` tells a retry from another check. */
  recordCheck(check: Observation & { check_id: string }): Promise<Watched>;
}

/** What the worker on a host to be enrolled does; its task queue is `attester/<node>`. */
export interface EnrolmentHostActivities {
  /** Makes the attestation key where the TPM has none. */
  describeKeys(): Promise<KeyDescription>;
  /** Opens the credential; fails with `tpm_failed` when it is not for this TPM's keys. */
  proveCredential(credential: Credential & { challenge_id: string }): Promise<{ proof: string }>;
}
