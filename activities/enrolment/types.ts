import type { EnrolmentAnswer, CompletedEnrolment } from '../../db/command/complete-enrolment.ts';
import type { Credential, OpenedEnrolment } from '../../db/command/open-enrolment.ts';
import type { KeyDescription } from '../../domain/attestation/enrolment.ts';

export type { CompletedEnrolment, Credential, KeyDescription, OpenedEnrolment };

/** The record's side of an enrolment; each call is one transaction, each refusal is on the record. */
export interface EnrolmentActivities {
  openEnrolment(described: { node: string; replace?: boolean } & KeyDescription): Promise<OpenedEnrolment>;
  completeEnrolment(answer: EnrolmentAnswer): Promise<CompletedEnrolment>;
}

/** What the worker on a host to be enrolled does; its task queue is `attester/<node>`. */
export interface EnrolmentHostActivities {
  /** Makes the attestation key where the TPM has none. */
  describeKeys(): Promise<KeyDescription>;
  /** Opens the credential; fails with `tpm_failed` when it is not for this TPM's keys. */
  proveCredential(credential: Credential & { challenge_id: string }): Promise<{ proof: string }>;
}
