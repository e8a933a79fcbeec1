import type { Reattestation } from '../db/command/reattest.ts';
import type { OpenedChallenges } from '../db/command/challenges.ts';
import type { Acknowledgement } from '../db/command/acknowledge.ts';
import type { Decided, Decision } from '../db/command/decide-incident.ts';
import type { SignedSignal } from '../db/command/signed-decision.ts';
import type { DecisionCaller, DecisionOutcome, IncidentDecision, SignedRequest } from '../domain/process/decision.ts';
import type { IncidentProcess, ProcessView } from '../domain/process/types.ts';
import { callerOf, nobody } from './caller.ts';
import type { ControlActivities } from './types.ts';
import type { StartProcess } from './start-process.ts';

/** The record's commands, bound to a database: what the worker hands in. */
export interface RecordPort {
  attendProcess(process: IncidentProcess): Promise<ProcessView | undefined>;
  closeProcess(process: IncidentProcess): Promise<boolean>;
  acknowledge(decision: Decision, ack: Acknowledgement): Promise<Decided>;
  resolve(decision: Decision, operator: string): Promise<Decided>;
  /** Records that a decision was refused before it was judged. */
  refuse(decision: Decision, code: string, kind: string): Promise<Decided>;
  /** Takes a signed acknowledgement or resolution; the signature is judged with it. */
  decideSigned(signal: SignedSignal): Promise<Decided>;
  reattestSigned(signal: SignedSignal, given: Reattestation): Promise<Decided>;
  /** Who asks for challenges by a signature. */
  signedCaller(signal: SignedSignal): Promise<{ ok: true; caller: DecisionCaller } | { ok: false; code: string }>;
  openChallenges(by: DecisionCaller, incident_id: string): Promise<OpenedChallenges>;
  reattest(decision: Decision, given: Reattestation): Promise<Decided>;
  nudge(seen: { workspace_id: string; incident_id: string; version: number }): Promise<unknown>;
  requestDigest(request: unknown): string;
}

export interface ControlDeps {
  record: RecordPort;
  startProcess: StartProcess;
  /** `signed`: a decision that nobody authenticated is refused. */
  signals: 'unsigned' | 'signed';
}

/** A signal could have carried a signature, an update only its caller. */
const unsignedCode = ({ signal }: IncidentDecision): string => (signal ? 'signal_unsigned' : 'signature_required');

const signalOf = ({ workspace_id, incident_id }: IncidentDecision, request: SignedRequest): SignedSignal => ({
  workspace_id,
  incident_id,
  ...request,
});

const outcomeOf = (decided: Decided): DecisionOutcome => {
  if (decided.ok) return { ok: true };
  const { code, missing } = decided;
  return missing === undefined ? { ok: false, code } : { ok: false, code, missing };
};

/** The control worker's activities. Refusals are results and on the record; a thrown failure means nothing was decided. */
export function createActivities({ record, startProcess, signals }: ControlDeps): ControlActivities {
  const decisionOf = (d: IncidentDecision): Decision => ({
    ...(unsigned(d) ? nobody(d) : callerOf(d)),
    incident_id: d.incident_id,
    decision_id: d.decision_id,
    request_digest: d.request_digest ?? record.requestDigest({ incident_id: d.incident_id, ...d.request }),
  });
  const unsigned = (d: IncidentDecision): boolean => d.caller === null && signals === 'signed';

  async function decided(d: IncidentDecision): Promise<Decided> {
    if (d.request.kind === 'signed') return record.decideSigned(signalOf(d, d.request));
    const decision = decisionOf(d);
    if (unsigned(d)) return record.refuse(decision, unsignedCode(d), d.request.kind);
    switch (d.request.kind) {
      case 'ack':
        return record.acknowledge(decision, d.request);
      case 'resolve':
        return record.resolve(decision, decision.on_behalf_of ?? decision.actor);
      case 'reattest':
        throw new Error('a re-attestation is decided with its evidence');
      default: {
        const unknown: never = d.request;
        throw new Error(`unknown decision ${JSON.stringify(unknown)}`);
      }
    }
  }

  return {
    attendProcess: async (process) => (await record.attendProcess(process)) ?? null,
    closeProcess: (process) => record.closeProcess(process),
    decideIncident: async (d) => outcomeOf(await decided(d)),
    openChallenges: async (d) => {
      if (d.request.kind !== 'signed' && unsigned(d)) return { ok: false, code: unsignedCode(d) };
      if (d.request.kind !== 'signed') return record.openChallenges(callerOf(d), d.incident_id);
      const by = await record.signedCaller(signalOf(d, d.request));
      return by.ok ? record.openChallenges(by.caller, d.incident_id) : by;
    },
    decideReattestation: async (d, given) => {
      if (d.request.kind === 'signed') return outcomeOf(await record.reattestSigned(signalOf(d, d.request), given));
      const decision = decisionOf(d);
      const decided = unsigned(d)
        ? record.refuse(decision, unsignedCode(d), d.request.kind)
        : record.reattest(decision, given);
      return outcomeOf(await decided);
    },
    nudgeOperators: async (seen) => (await record.nudge(seen)) !== null,
    startCeremony: ({ incident_id, ...of }) => startProcess({ ...of, type: 'recoveryCeremony', subject: incident_id }),
  };
}
