import type { DecisionEnvelope, AckInput } from '../workflows/recovery-ceremony/messages.ts';

/** A decision on its way to the process that waits for it. */
export type EngineRequest = {
  workflow_type: 'recoveryCeremony' | 'incidentResponse';
  workflow_id: string;
  severity_rank: number;
  /** Of the incident, which may be `system` where the caller's is `default`. */
  workspace_id: string;
  incident_id: string;
  decision_id: string;
} & (
  | { update: 'ack'; input: AckInput & DecisionEnvelope }
  | { update: 'reattest'; input: DecisionEnvelope }
  | { update: 'resolve'; input: DecisionEnvelope }
);

/**
 * `gone`: the process is over or was never there, so the record has the answer. `busy`: it takes no more updates now.
 * `unreachable`: the engine, or a worker of the process, did not answer in time.
 */
export type EngineAnswer =
  | { kind: 'accepted' }
  | { kind: 'refused'; code: string; missing?: string[] }
  | { kind: 'gone' | 'busy' | 'unreachable' };

export interface EngineStatus {
  reachable: boolean;
  /** Task queues that a worker polls, and those that none does. */
  polled: string[];
  unpolled: string[];
}

export interface DecisionEngine {
  /** Sends a decision, starting its process where the engine does not run it. Never rejects. */
  decide: (request: EngineRequest) => Promise<EngineAnswer>;
  /** Known for at most 2 s. */
  status: () => Promise<EngineStatus>;
}
