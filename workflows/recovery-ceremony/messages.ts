import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { DecisionCaller } from '../../domain/process/decision.ts';

/** Who was authenticated by the door through which a decision came; a decision without one counts as `local-operator`. */
export type { DecisionCaller };

/** What an update carries besides its own fields: the caller, and the digest that tells a retry from another request. */
export interface DecisionEnvelope {
  caller: DecisionCaller;
  request_digest: string;
  /** Where it is not the update's id: a decision that is asked for again after the record could not be reached. */
  decision_id?: string;
}

export interface AckInput {
  operator: string;
  note?: string;
  containment_binding?: string;
}

/** As a signal each decision may carry its own id; as an update the update id is the decision id. */
export type Signalled<T> = T & { decision_id?: string };

/** An accepted decision. A refused one fails the update with an ApplicationFailure whose type is the code. */
export interface DecisionAccepted {
  ok: true;
  /** Re-attestation: what was appraised. */
  nodes?: string[];
}

export const ackUpdate = defineUpdate<DecisionAccepted, [AckInput & DecisionEnvelope]>('ack');
export const reattestUpdate = defineUpdate<DecisionAccepted, [DecisionEnvelope]>('reattest');
export const resolveUpdate = defineUpdate<DecisionAccepted, [DecisionEnvelope]>('resolve');

/** A decision that a registered key signed: all of it stands in the DSSE envelope. */
export interface SignedSignal {
  envelope: unknown;
}

export const ackSignal = defineSignal<[Signalled<AckInput> | SignedSignal]>('ack');
export const reattestSignal = defineSignal<[Signalled<object> | SignedSignal | undefined]>('reattest');
export const resolveSignal = defineSignal<[Signalled<object> | SignedSignal | undefined]>('resolve');

/** 'This record changed, version n': the process reads its record again. */
export const pokeSignal = defineSignal<[{ version: number }]>('poke');

/** The one argument of a process that waits for an incident. `schema` numbers the shape for continue-as-new. */
export interface IncidentProcessInput {
  schema: 1;
  workspace_id: string;
  incident_id: string;
}
