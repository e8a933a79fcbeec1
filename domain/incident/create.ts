// A report becomes an incident whose containment of our own gates is complete in the transaction that records it.
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { consequence, targetsOf } from '../containment/consequence.ts';
import { ACTION_GATE, EVERYTHING, severityRank } from '../containment/types.ts';
import type { Action, Severity } from '../containment/types.ts';
import type { ContainmentPolicy } from '../containment/policy.ts';
import type { Report } from '../report/report.ts';
import { containmentBinding } from './binding.ts';
import type { ActionRecord, Effect, Incident } from './types.ts';

export interface CreateInput {
  workspace_id: string;
  id: string;
  number: number;
  now: string;
  report: Report;
  /** Canonical JSON of the report's evidence. */
  evidence: string;
  severity: Severity;
  policy: ContainmentPolicy;
  policy_digest: string;
  /** Actions that an adapter of the workspace subscribes to. */
  subscribed: ReadonlySet<Action>;
  actor: string;
  on_behalf_of: string | null;
}

/** A key longer than this is its digest: it is a column of an index. */
const TARGET_KEY_LENGTH = 256;

/**
 * One string per set of pairs of action and target, without what is `*`; the flood rule compares it. A row whose key says
 * it otherwise is not counted: a flood then folds later, and what it names is held all the same.
 */
export function targetKey(targets: Partial<Record<Action, string>>, sha256: Sha256): string {
  const pairs = Object.entries(targets).filter(([, target]) => target !== EVERYTHING);
  const key = JSON.stringify(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
  return key.length > TARGET_KEY_LENGTH ? hashCanonical(pairs, sha256) : key;
}

export function actionRecord(action: Action, target: string, pending: boolean, now: string): ActionRecord {
  const gate = ACTION_GATE[action];
  return pending
    ? { action, gate, target, status: 'pending' }
    : { action, gate, target, status: 'held', completed_at: now };
}

/** The new incident (unsealed) with the holds and alerts it asks for. */
export function createIncident(input: CreateInput, sha256: Sha256): { incident: Incident; effects: Effect[] } {
  const { report, policy, now, severity } = input;
  const what = consequence(policy, report.class, severity);
  const { targets, marks } = targetsOf(what.actions, report.evidence);
  const actions = what.actions.map((a) => actionRecord(a, targets[a] ?? EVERYTHING, input.subscribed.has(a), now));
  const pending = actions.filter((a) => a.status !== 'held').length;
  const draft: Incident = {
    workspace_id: input.workspace_id,
    id: input.id,
    number: input.number,
    created_at: now,
    class: report.class,
    severity,
    severity_rank: severityRank(severity),
    state: what.auto_contained && pending === 0 ? 'contained' : 'open',
    source: report.source,
    description: report.description,
    evidence: input.evidence,
    actions,
    named_targets: [],
    target_key: targetKey(targets, sha256),
    marks,
    latched: what.latched,
    require_ack: what.require_ack,
    require_reattest: what.require_reattest,
    binding: '',
    required_after: now,
    ack_binding: null,
    acked_at: null,
    acked_by: null,
    acked_actor: null,
    reattest_binding: null,
    re_attested_at: null,
    recovery_pending: false,
    pending_actions: pending,
    settlements: 0,
    contained_at: what.auto_contained && pending === 0 ? now : null,
    triaged_at: null,
    triaged_by: null,
    resolved_at: null,
    resolved_by: null,
    occurrences: 1,
    folded_by: null,
    dedup_key: report.dedup_key ?? null,
    policy_digest: input.policy_digest,
    hash: '',
    version: 0,
    actor: input.actor,
    on_behalf_of: input.on_behalf_of,
  };
  const incident = { ...draft, binding: containmentBinding(draft, sha256) };
  return { incident, effects: [entry('incident_reported', incident), ...containmentEffects(incident, actions)] };
}

const entry = (action: string, i: Incident): Effect => ({
  kind: 'entry',
  action,
  detail: { class: i.class, severity: i.severity, state: i.state, actions: i.actions.map((a) => a.action) },
});

/** Holds and alerts for newly added actions. */
export function containmentEffects(incident: Incident, added: ActionRecord[]): Effect[] {
  return added.map((a) =>
    a.gate === null
      ? { kind: 'alert', message: `${incident.severity} ${incident.class} reported by ${incident.source}` }
      : { kind: 'place_hold', action: a.action, gate: a.gate, target: a.target },
  );
}
