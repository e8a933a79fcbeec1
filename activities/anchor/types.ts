import type { CompletedAnchor, IntendedAnchor } from '../../db/command/anchors.ts';

interface SignedAttest {
  node: string;
  attest: string;
  signature: string;
}

/** What the host's TPM did for an anchor, lowercase hex and decimal; nothing in it is a verdict. */
export interface AnchorEvidence {
  counter: string;
  quote: SignedAttest | null;
  certified: SignedAttest | null;
}

/** What a worker on a protected host does for the log; its task queue is `attester/<node>`. */
export interface AnchorHostActivities {
  /** The counter as it stands; defined where there is none. */
  readAnchorCounter(): Promise<{ counter: string }>;
  /** Moves the counter from `counter_before` by one, whoever repeats it, and has the TPM quote `digest` and certify the counter over it. Another counter is only told. */
  anchorCheckpoint(anchor: Pick<IntendedAnchor, 'counter_before' | 'digest'>): Promise<AnchorEvidence>;
}

export interface AnchorAsked {
  node: string;
  counter: unknown;
  /** The pace does not count: the process is about to end. */
  closing: boolean;
  /** Tells a retry from another check. */
  check_id: string;
}

/** What became of the intention; a suspicion has become an incident when it is answered. */
export type AnchorIntended =
  IntendedAnchor | { kind: 'not_due' | 'not_enrolled' | 'malformed' } | { kind: 'suspected'; incident_id: string };

/** The record's side of an anchor; each call is one transaction, or one and a report. */
export interface AnchorActivities {
  intendAnchor(asked: AnchorAsked): Promise<AnchorIntended>;
  completeAnchor(answer: { anchor_id: number; evidence: unknown }): Promise<CompletedAnchor>;
  missAnchor(missed: { reason: string }): Promise<void>;
  /** Copies anchored checkpoints to the blobs; what could not be copied is copied with the next anchor. */
  copyCheckpoints(): Promise<void>;
}
