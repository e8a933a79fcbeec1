import { randomUUID } from 'node:crypto';
import { INSTANCE } from '../db/command/caller.ts';
import type { Caller } from '../db/command/caller.ts';
import { requestDigest } from '../db/command/decisions.ts';
import { decisionOutcome } from '../db/read/decision-outcome.ts';
import { aggregateOf } from '../domain/process/types.ts';
import { DomainError } from '../domain/problem/problem.ts';
import type { ApiDeps } from './deps.ts';
import { refuseWith } from './instance.ts';
import type { WatchAnswer } from './watch-engine.ts';

type Deps = Pick<ApiDeps, 'db' | 'watches'>;

/** An approval as the door received it. `key` is the client's, so that a retry is recognised; `reviewed` what they have seen. */
export type Approval = {
  subject: string;
  key: string | undefined;
  reason: string;
  ticket?: string;
  reviewed?: string;
} & ({ kind: 'reference'; pcr: number } | { kind: 'baseline' });

const WATCH = { reference: 'attestationWatch', baseline: 'integrityWatch' } as const;

/**
 * Has the watch make what it last saw the expected state; returns the signed version that is now in force. Errors:
 * observation_changed, idempotency_key_reused, the refusals of an approval, attester_unreachable, temporal_unreachable, too_many_requests.
 */
export async function approve(deps: Deps, caller: Caller, approval: Approval): Promise<number> {
  const { key, ...content } = approval;
  const { workspace_id, actor, on_behalf_of } = caller;
  const decision = { decision_id: key ?? randomUUID(), request_digest: requestDigest(content) };
  const aggregate = aggregateOf(WATCH[approval.kind], approval.subject);
  const taken = () => recordedVersion(deps, aggregate, decision);
  const known = key === undefined ? null : await taken();
  if (known !== null) return known;
  const envelope = { caller: { workspace_id, actor, on_behalf_of }, request_digest: decision.request_digest };
  const answer = await deps.watches.ask(requestFor(approval, decision.decision_id, envelope));
  if (answer.kind === 'accepted') return (answer.result as { version: number }).version;
  if (answer.kind === 'gone' || answer.kind === 'unreachable') return (await taken()) ?? unanswered(answer);
  return unanswered(answer);
}

function requestFor(approval: Approval, decision_id: string, envelope: { caller: Caller; request_digest: string }) {
  const { subject, reason, ticket, reviewed } = approval;
  const given = { ...(ticket === undefined ? {} : { ticket }), ...(reviewed === undefined ? {} : { reviewed }) };
  const input = { ...envelope, reason, ...given };
  return approval.kind === 'reference'
    ? ({
        workflow_type: 'attestationWatch',
        subject,
        decision_id,
        update: 'approveReference',
        input: { ...input, pcr: approval.pcr },
      } as const)
    : ({ workflow_type: 'integrityWatch', subject, decision_id, update: 'approveBaseline', input } as const);
}

/** The version that this very decision made; null when it was not taken. Throws what it was refused with. */
async function recordedVersion(
  { db }: Deps,
  aggregate: string,
  { decision_id, request_digest }: { decision_id: string; request_digest: string },
): Promise<number | null> {
  const found = await decisionOutcome(db, INSTANCE, aggregate, decision_id);
  if (found === undefined) return null;
  if (found.request_digest !== request_digest) throw new DomainError('idempotency_key_reused');
  return found.outcome.ok ? (found.outcome.version ?? null) : refuseWith(found.outcome.code);
}

/** Throws what an answer other than an acceptance means to the caller. */
export function unanswered(answer: Exclude<WatchAnswer, { kind: 'accepted' }>): never {
  if (answer.kind === 'refused') refuseWith(answer.code);
  throw new DomainError(answer.kind === 'busy' ? 'too_many_requests' : 'temporal_unreachable');
}
