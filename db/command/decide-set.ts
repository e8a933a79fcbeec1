import type { IncidentClass } from '../../domain/containment/types.ts';
import { INCIDENT_STATES } from '../../domain/incident/types.ts';
import type { Incident } from '../../domain/incident/types.ts';
import type { Step } from '../../domain/intake/types.ts';
import { transition } from '../../domain/incident/transition.ts';
import type { Database } from '../client.ts';
import { rows } from '../client.ts';
import { Parameters } from '../read/parameters.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { sha256, writeChange } from '../write/change.ts';
import { writeEntries } from '../write/ledger.ts';
import type { EntryDraft } from '../write/ledger.ts';
import { unnestInsert } from '../write/unnest.ts';
import { visibleWorkspaces } from './caller.ts';
import type { Caller } from './caller.ts';
import { recall, remember } from './decisions.ts';
import { separation } from './policies.ts';
import type { DecisionKey } from './decisions.ts';

/** One transaction judges at most this many incidents. */
export const SET_LIMIT = 1000;

/** `ack`: of the unresolved, those whose present containment nobody has acknowledged. `resolve`: every unresolved one. */
export interface SetDecision extends Caller, DecisionKey {
  kind: 'ack' | 'resolve';
  class: IncidentClass;
  source?: string;
  /** RFC 3339. */
  created_before: string;
  expected_count: number;
  operator: string;
}

/** An incident of the set that its own row did not let change. */
export interface RefusedMember {
  incident_id: string;
  code: string;
  missing?: string[];
}

type Recorded =
  { ok: true; changed: number; refused: RefusedMember[] } | { ok: false; code: 'count_changed'; found: number };
export type SetDecided = Recorded | { ok: false; code: 'idempotency_key_reused' };

const AGGREGATE = 'incident-set';
const UNRESOLVED = INCIDENT_STATES.filter((state) => state !== 'resolved');

/**
 * One decision about many incidents, each judged by its own row in id order, in one transaction. It is refused as a whole
 * with `count_changed` when the set is no longer as large as its author saw it; `found` stops at `SET_LIMIT` + 1.
 */
export async function decideSet(db: Database, decision: SetDecision): Promise<SetDecided> {
  return transaction(db, async (tx) => {
    // A repeat under the same key waits here for the first one instead of deciding beside it.
    await tx.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`${AGGREGATE}:${decision.workspace_id}`]);
    const members = await lockMembers(tx, decision);
    const { now, known, reused } = await recall(tx, decision.workspace_id, AGGREGATE, decision);
    if (reused) return { ok: false, code: 'idempotency_key_reused' };
    if (known !== null) return known as Recorded;
    const outcome: Recorded =
      members.length === decision.expected_count
        ? await judge(tx, decision, members, now)
        : { ok: false, code: 'count_changed', found: members.length };
    await writeEntries(tx, [setEntry(decision, outcome, now)]);
    await remember(tx, decision, { ...decision, aggregate: AGGREGATE, kind: `${decision.kind}_set`, outcome, now });
    return outcome;
  });
}

async function lockMembers(tx: Tx, decision: SetDecision): Promise<Incident[]> {
  const p = new Parameters();
  const conditions = [
    `workspace_id = ANY(${p.add(visibleWorkspaces(decision.workspace_id))})`,
    `state = ANY(${p.add(UNRESOLVED)})`,
    `class = ${p.add(decision.class)}`,
    `created_at < ${p.add(decision.created_before, 'timestamptz')}`,
    ...(decision.source === undefined ? [] : [`source = ${p.add(decision.source)}`]),
    ...(decision.kind === 'ack' ? ['require_ack AND ack_binding IS DISTINCT FROM binding'] : []),
  ];
  return rows<Incident>(
    tx,
    `SELECT * FROM incidents WHERE ${conditions.join(' AND ')} ORDER BY id LIMIT ${SET_LIMIT + 1} FOR UPDATE`,
    p.values,
  );
}

async function judge(tx: Tx, decision: SetDecision, members: Incident[], now: string): Promise<Recorded> {
  const { kind, actor, on_behalf_of, operator } = decision;
  const steps: Step[] = [];
  const refused: RefusedMember[] = [];
  const entries: EntryDraft[] = [];
  for (const member of members) {
    const event =
      kind === 'ack' ? { kind, operator, actor } : { kind, operator: actor, ...(await separation(tx, member, actor)) };
    const verdict = transition(member, event, now, sha256);
    if (!verdict.ok) {
      const why = { code: verdict.code, ...(verdict.missing === undefined ? {} : { missing: verdict.missing }) };
      refused.push({ incident_id: member.id, ...why });
      entries.push(refusal(decision, member, why, now));
    } else if (verdict.changed)
      steps.push({ incident: verdict.incident, effects: verdict.effects, actor, on_behalf_of });
  }
  const before = new Map(members.map((m) => [`${m.workspace_id}/${m.id}`, m]));
  await writeChange(tx, { now, before, steps, entries });
  if (kind === 'ack') await insertAcknowledgements(tx, decision, steps, now);
  return { ok: true, changed: steps.length, refused };
}

const ACK_COLUMNS = [
  'workspace_id',
  'incident_id',
  'decision_id',
  'operator',
  'binding',
  'at',
  'actor',
  'on_behalf_of',
] as const;
const ACK_TYPES = ['text', 'text', 'text', 'text', 'text', 'timestamptz', 'text', 'text'];
const ACK_INSERT = unnestInsert('acknowledgements', ACK_COLUMNS, ACK_TYPES);

async function insertAcknowledgements(tx: Tx, decision: SetDecision, steps: Step[], now: string): Promise<void> {
  const { decision_id, operator, actor, on_behalf_of } = decision;
  const common = { decision_id, operator, at: now, actor, on_behalf_of };
  const acks = steps.map(({ incident }) => ({
    ...common,
    workspace_id: incident.workspace_id,
    incident_id: incident.id,
    binding: incident.binding,
  }));
  if (acks.length > 0)
    await tx.query({ name: 'acknowledgements-insert', text: ACK_INSERT.text, values: ACK_INSERT.values(acks) });
}

/** The decision itself, beside the entries of the incidents it changed; `source` is free text and stays out. */
function setEntry(decision: SetDecision, outcome: Recorded, now: string): EntryDraft {
  const { kind, class: cls, created_before, expected_count, operator } = decision;
  const result = outcome.ok
    ? { changed: outcome.changed, refused: outcome.refused.length }
    : { code: outcome.code, found: outcome.found };
  return {
    workspace_id: decision.workspace_id,
    at: now,
    actor: decision.actor,
    on_behalf_of: decision.on_behalf_of,
    action: outcome.ok ? 'set_decided' : 'decision_refused',
    object: `${AGGREGATE}/${decision.decision_id}`,
    record_hash: null,
    record_version: null,
    detail: { decision: `${kind}_set`, class: cls, created_before, expected_count, operator, ...result },
    policy_digest: null,
  };
}

const refusal = (by: SetDecision, member: Incident, why: Omit<RefusedMember, 'incident_id'>, now: string) => ({
  workspace_id: member.workspace_id,
  at: now,
  actor: by.actor,
  on_behalf_of: by.on_behalf_of,
  action: 'decision_refused',
  object: `incident/${member.id}`,
  record_hash: member.hash,
  record_version: member.version,
  detail: { decision: by.kind, ...why },
  policy_digest: member.policy_digest,
});
