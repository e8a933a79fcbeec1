import { defineUpdate } from '@temporalio/workflow';
import type { WatchEnvelope } from '../watch-desk.ts';

/** The one argument of `attestationWatch`; its id is `attestation/<node>`. `schema` numbers the shape for continue-as-new. */
export interface AttestationWatchInput {
  schema: 1;
  node: string;
}

/** Makes the value last quoted for a PCR the expected one. Once per update id, whoever repeats it. */
export interface ApproveReferenceInput extends WatchEnvelope {
  pcr: number;
  reason: string;
  ticket?: string;
  /** Digest of what the approver has looked at. */
  reviewed?: string;
}

export const approveReferenceUpdate = defineUpdate<{ version: number }, [ApproveReferenceInput]>('approveReference');
