import { randomUUID } from 'node:crypto';
import { acknowledgeRecovery } from '../db/command/acknowledge.ts';
import type { Acknowledgement } from '../db/command/acknowledge.ts';
import { decideIncident } from '../db/command/decide-incident.ts';
import type { Decided, Decision } from '../db/command/decide-incident.ts';
import type { Caller } from '../db/command/caller.ts';
import { requestDigest } from '../db/command/decisions.ts';
import { decidable } from '../db/read/decidable.ts';
import type { Decidable } from '../db/read/decidable.ts';
import { ceremonyRequired } from '../domain/incident/requirement.ts';
import type { Incident } from '../domain/incident/types.ts';
import { isProblemCode } from '../domain/problem/codes.ts';
import { DomainError } from '../domain/problem/problem.ts';
import type { ApiDeps } from './deps.ts';
import type { EngineRequest } from './engine.ts';

type Deps = Pick<ApiDeps, 'db' | 'engine'>;

/** What a person decided, as the door received it. `key` is the client's, so that a retry is recognised. */
export type Asked = { incident_id: string; key: string | undefined } & (
  { kind: 'ack'; ack: Acknowledgement } | { kind: 'reattest' } | { kind: 'resolve' } | { kind: 'triage' }
);

/**
 * Takes a decision where it belongs: answered from the record when that already has the answer, sent to the process
 * that waits for it, or taken at once where none does. Returns the incident as it stands afterwards. Errors:
 * incident_not_found, idempotency_key_reused, the refusals of `transition`, temporal_unreachable, too_many_requests.
 */
export async function decide(deps: Deps, caller: Caller, asked: Asked): Promise<Incident> {
  const decision: Decision = {
    ...caller,
    incident_id: asked.incident_id,
    decision_id: asked.key ?? randomUUID(),
    request_digest: requestDigest(contentOf(asked)),
  };
  const record = await requireDecidable(deps, decision);
  const { incident } = record;
  if (wasTaken(record, decision) || fromRecord(incident, asked) === 'done') return incident;
  if (asked.kind === 'triage') return settled(await command(deps, decision, asked));
  const workflow = waitingFor(record);
  if (workflow === null) return settled(await command(deps, decision, asked));
  return ask(deps, decision, asked, requestFor(workflow, incident, decision, asked));
}

async function requireDecidable({ db }: Deps, decision: Decision): Promise<Decidable> {
  const found = await decidable(db, decision.workspace_id, decision.incident_id, decision.decision_id);
  if (found === undefined) throw new DomainError('incident_not_found');
  return found;
}

/** What makes two requests the same one. */
function contentOf(asked: Asked): object {
  const { kind, incident_id } = asked;
  return asked.kind === 'ack' ? { kind, incident_id, ...asked.ack } : { kind, incident_id };
}

/** Decisions that no process has to be asked for: its record says that it is over, or that it never waits for them. */
function fromRecord(incident: Incident, asked: Asked): 'done' | 'undecided' {
  const resolved = incident.state === 'resolved';
  if (resolved && asked.kind === 'resolve') return 'done';
  if (resolved) throw new DomainError('already_resolved');
  if (asked.kind === 'reattest' && !incident.require_reattest) throw new DomainError('reattest_not_required');
  return 'undecided';
}

/** Whether the record holds this very decision as accepted; throws what it was refused with. */
function wasTaken({ taken }: Decidable, decision: Decision): boolean {
  if (taken === undefined) return false;
  if (taken.request_digest !== decision.request_digest) throw new DomainError('idempotency_key_reused');
  if (!taken.outcome.ok) refuse(taken.outcome);
  return true;
}

/** The process that waits for decisions about an incident: its ceremony, else its response, else none. */
function waitingFor({ incident, waiting }: Decidable): EngineRequest['workflow_type'] | null {
  if (ceremonyRequired(incident) || waiting.has('recoveryCeremony')) return 'recoveryCeremony';
  return waiting.has('incidentResponse') ? 'incidentResponse' : null;
}

function requestFor(
  workflow_type: EngineRequest['workflow_type'],
  incident: Incident,
  decision: Decision,
  asked: Exclude<Asked, { kind: 'triage' }>,
): EngineRequest {
  const { workspace_id, actor, on_behalf_of, request_digest } = decision;
  const envelope = { caller: { workspace_id, actor, on_behalf_of }, request_digest };
  const common = {
    workflow_type,
    workflow_id: `${workflow_type === 'recoveryCeremony' ? 'recovery' : 'incident'}/${incident.id}`,
    severity_rank: incident.severity_rank,
    workspace_id: incident.workspace_id,
    incident_id: incident.id,
    decision_id: decision.decision_id,
  };
  return asked.kind === 'ack'
    ? { ...common, update: 'ack', input: { ...asked.ack, ...envelope } }
    : { ...common, update: asked.kind, input: envelope };
}

/**
 * Returns the incident as the decision left it. The record has the last word: over an engine that is done with the process
 * or out of reach, and over a worker that says yes, for whoever reaches the engine can answer in its name. One more try,
 * then 503.
 */
async function ask(deps: Deps, decision: Decision, asked: Asked, request: EngineRequest): Promise<Incident> {
  for (let attempt = 1; attempt <= 2; attempt++) {
    const answer = await deps.engine.decide(request);
    if (answer.kind === 'busy') throw new DomainError('too_many_requests');
    if (answer.kind === 'refused') refuse(answer);
    const record = await requireDecidable(deps, decision);
    if (wasTaken(record, decision) || fromRecord(record.incident, asked) === 'done') return record.incident;
    if (answer.kind === 'unreachable') break;
  }
  throw new DomainError('temporal_unreachable');
}

function command({ db }: Deps, decision: Decision, asked: Asked): Promise<Decided> {
  switch (asked.kind) {
    case 'ack':
      return acknowledgeRecovery(db, decision, asked.ack);
    case 'resolve':
    case 'triage':
      return decideIncident(db, decision, { kind: asked.kind, operator: decision.actor });
    case 'reattest':
      // Only a ceremony requires one, and a required ceremony always has its process.
      throw new DomainError('reattest_not_required');
    default: {
      const unknown: never = asked;
      throw new Error(`unknown decision ${JSON.stringify(unknown)}`);
    }
  }
}

function settled(decided: Decided): Incident {
  return decided.ok ? decided.incident : refuse(decided);
}

/** Throws the problem of a recorded refusal; what is missing after a failed appraisal are its claims. */
function refuse({ code, missing = [] }: { code: string; missing?: string[] }): never {
  if (!isProblemCode(code)) throw new Error(`a decision was refused with the unknown code ${code}`);
  if (missing.length === 0) throw new DomainError(code);
  throw new DomainError(code, code === 'appraisal_failed' ? { claims: missing } : { missing });
}
