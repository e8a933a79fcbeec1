// What happens to an incident without a person: it recurs, its severity rises, its actions settle, fail or are lost.
import type { Sha256 } from '../canonical/hash.ts';
import { consequence, targetsOf } from '../containment/consequence.ts';
import { severityRank } from '../containment/types.ts';
import type { Action, Severity } from '../containment/types.ts';
import type { ContainmentPolicy } from '../containment/policy.ts';
import { containmentBinding } from './binding.ts';
import { actionRecord, containmentEffects } from './create.ts';
import { ceremonyRequired } from './requirement.ts';
import type { ActionRecord, Effect, Incident, Verdict } from './types.ts';
import { changed, refuse, unchanged } from './verdicts.ts';

/**
 * A further occurrence; for the two attested classes it voids the re-attestation, never the acknowledgement. What was
 * granted for the incident's end, as the release of a removed model, was granted before it and no longer counts.
 */
export function fold(i: Incident, by: 'dedup' | 'flood'): Verdict {
  if (i.state === 'resolved') return refuse('already_resolved');
  const voided = i.class === 'attestation_failure' || i.class === 'integrity_violation';
  const next: Incident = {
    ...i,
    occurrences: i.occurrences + 1,
    folded_by: by,
    ...(voided ? { reattest_binding: null, re_attested_at: null } : {}),
  };
  const effects: Effect[] = [
    { kind: 'entry', action: 'incident_recurred', detail: { by, occurrences: next.occurrences } },
    { kind: 'revoke_grants' },
  ];
  if (ceremonyRequired(i)) effects.push({ kind: 'poke' });
  return changed(next, ...effects);
}

interface Raise {
  severity: Severity;
  policy: ContainmentPolicy;
  policy_digest: string;
  subscribed: ReadonlySet<Action>;
  crossed_by: string;
}

/** A higher severity adds its actions and requirements; acknowledgements given for the lower one no longer count. */
export function raise(i: Incident, by: Raise, now: string, sha256: Sha256): Verdict {
  if (i.state === 'resolved') return refuse('already_resolved');
  const rank = severityRank(by.severity);
  if (rank >= i.severity_rank) return unchanged(i);
  const what = consequence(by.policy, i.class, by.severity);
  const evidence = JSON.parse(i.evidence) as Record<string, unknown>;
  const { targets, marks } = targetsOf(what.actions, evidence);
  const has = new Set(i.actions.map((a) => a.action));
  const added = what.actions
    .filter((a) => !has.has(a))
    .map((a) => actionRecord(a, targets[a] ?? '*', by.subscribed.has(a), now));
  const draft: Incident = {
    ...i,
    severity: by.severity,
    severity_rank: rank,
    actions: [...i.actions, ...added],
    marks: [...new Set([...i.marks, ...marks])],
    policy_digest: by.policy_digest,
    latched: i.latched || what.latched,
    require_ack: i.require_ack || what.require_ack,
    require_reattest: i.require_reattest || what.require_reattest,
    required_after: now,
    ack_binding: null,
    acked_at: null,
    acked_by: null,
    acked_actor: null,
    reattest_binding: null,
    re_attested_at: null,
  };
  const settled = withActions({ ...draft, binding: containmentBinding(draft, sha256) }, draft.actions, now);
  return changed(
    settled,
    {
      kind: 'entry',
      action: 'incident_escalated',
      detail: { from: i.severity, to: by.severity, added: added.map((a) => a.action), crossed_by: by.crossed_by },
    },
    ...containmentEffects(settled, added),
    { kind: 'poke' },
  );
}

/** Derives `pending_actions` and the containment state from the actions. */
function withActions(i: Incident, actions: ActionRecord[], now: string): Incident {
  const open = actions.filter((a) => a.status === 'pending' || a.status === 'failed');
  const next = { ...i, actions, pending_actions: open.length };
  if (!actions.some((a) => a.gate !== null)) return next;
  if (open.length === 0) return { ...next, state: 'contained', contained_at: i.contained_at ?? now };
  return { ...next, state: open.some((a) => a.status === 'failed') ? 'containment_failed' : 'open' };
}

function change(i: Incident, action: Action, to: (a: ActionRecord) => ActionRecord, settles: boolean, now: string) {
  const actions = i.actions.map((a) => (a.action === action ? to(a) : a));
  return withActions({ ...i, settlements: i.settlements + (settles ? 1 : 0) }, actions, now);
}

/** Every adapter holds the action, or the last one that did not was retired. */
export function settle(i: Incident, action: Action, retired: boolean, now: string): Verdict {
  const current = i.actions.find((a) => a.action === action);
  if (i.state === 'resolved' || current === undefined || current.status === 'held' || current.status === 'retired')
    return unchanged(i);
  const status = retired ? 'retired' : 'held';
  const next = change(i, action, ({ error: _error, ...a }) => ({ ...a, status, completed_at: now }), true, now);
  return changed(next, { kind: 'entry', action: 'action_settled', detail: { action, status } }, { kind: 'poke' });
}

/** An adapter refused or stayed silent; the action is retried until it holds. */
export function fail(i: Incident, action: Action, error: string, now: string): Verdict {
  const current = i.actions.find((a) => a.action === action);
  if (i.state === 'resolved' || current === undefined || current.status !== 'pending') return unchanged(i);
  const next = change(i, action, (a) => ({ ...a, status: 'failed', error, completed_at: now }), false, now);
  return changed(next, { kind: 'entry', action: 'action_failed', detail: { action } });
}

/** An adapter lost what it held: the action is pending again, and a challenge written before this no longer counts. */
export function lose(i: Incident, action: Action, now: string): Verdict {
  const current = i.actions.find((a) => a.action === action);
  if (i.state === 'resolved' || current === undefined || current.status !== 'held') return unchanged(i);
  const next = change(i, action, ({ completed_at: _at, ...a }) => ({ ...a, status: 'pending' }), true, now);
  return changed(next, { kind: 'entry', action: 'action_lost', detail: { action } }, { kind: 'poke' });
}

/** A quote or a check that failed now: whatever passed before it no longer speaks for the host. */
export function voidReattestation(i: Incident): Verdict {
  if (i.state === 'resolved' || i.reattest_binding === null) return unchanged(i);
  const voided = { ...i, reattest_binding: null, re_attested_at: null };
  return changed(voided, { kind: 'entry', action: 'recovery_reattestation_voided', detail: {} }, { kind: 'poke' });
}
