// What happens to an incident without a person: it recurs, its severity rises, a quote that passed before fails now.
import type { Sha256 } from '../canonical/hash.ts';
import { consequence } from '../containment/consequence.ts';
import type { Consequence } from '../containment/consequence.ts';
import { ACTION_GATE, severityRank } from '../containment/types.ts';
import type { Action, Severity } from '../containment/types.ts';
import type { ContainmentPolicy } from '../containment/policy.ts';
import { containmentBinding } from './binding.ts';
import { containmentEffects } from './create.ts';
import { ceremonyRequired } from './requirement.ts';
import { withActions } from './settlements.ts';
import { holding, stillNamed, targetsNamed, targetsOfNew } from './targets.ts';
import type { Effect, Incident, Verdict } from './types.ts';
import { changed, refuse, unchanged } from './verdicts.ts';

/** The active policy, by which whatever is added to a containment is judged. */
export interface Judging {
  policy: ContainmentPolicy;
  policy_digest: string;
  /** Actions that an adapter of the workspace subscribes to. */
  subscribed: ReadonlySet<Action>;
}

export interface Fold extends Judging {
  by: 'dedup' | 'flood';
  /** Of the report that folds. */
  evidence: Readonly<Record<string, unknown>>;
}

/**
 * A further occurrence; for the two attested classes it voids the re-attestation, never the acknowledgement. What was
 * granted for the incident's end, as the release of a removed model, was granted before it and no longer counts. Targets
 * that the incident does not hold yet are added to its containment, which is then another one.
 */
export function fold(i: Incident, report: Fold, now: string, sha256: Sha256): Verdict {
  if (i.state === 'resolved') return refuse('already_resolved');
  const what = consequence(report.policy, i.class, i.severity);
  const named = targetsNamed(report.evidence);
  const closing = what.actions.filter((action) => ACTION_GATE[action] !== null);
  const wanted = [...new Set([...i.actions.map((a) => a.action), ...closing])].flatMap((action) => {
    const target = named[action];
    return [...targetsOfNew(i, [action]), ...(target === undefined ? [] : [{ action, target }])];
  });
  const { added, ...held } = holding(i, wanted, report.subscribed, now);
  const voided = i.class === 'attestation_failure' || i.class === 'integrity_violation';
  const next: Incident = {
    ...i,
    ...(voided ? { reattest_binding: null, re_attested_at: null } : {}),
    occurrences: i.occurrences + 1,
    folded_by: report.by,
    named_targets: stillNamed(i, held.actions, named),
  };
  const contained = added.length === 0 ? next : recontained({ ...next, ...held }, what, report, now, sha256);
  const detail = { by: report.by, occurrences: next.occurrences };
  const effects: Effect[] = [
    {
      kind: 'entry',
      action: 'incident_recurred',
      detail: added.length === 0 ? detail : { ...detail, added: names(added) },
    },
    ...containmentEffects(contained, added),
    { kind: 'revoke_grants' },
  ];
  if (ceremonyRequired(contained) || added.length > 0) effects.push({ kind: 'poke' });
  return changed(contained, ...effects);
}

interface Raise extends Judging {
  severity: Severity;
  crossed_by: string;
}

/** A higher severity adds its actions and requirements; acknowledgements given for the lower one no longer count. */
export function raise(i: Incident, by: Raise, now: string, sha256: Sha256): Verdict {
  if (i.state === 'resolved') return refuse('already_resolved');
  const { severity, crossed_by } = by;
  const severity_rank = severityRank(severity);
  if (severity_rank >= i.severity_rank) return unchanged(i);
  const what = consequence(by.policy, i.class, severity);
  const { added, ...held } = holding(i, targetsOfNew(i, what.actions), by.subscribed, now);
  const named_targets = stillNamed(i, held.actions, {});
  const raised = recontained({ ...i, ...held, severity, severity_rank, named_targets }, what, by, now, sha256);
  return changed(
    raised,
    {
      kind: 'entry',
      action: 'incident_escalated',
      detail: { from: i.severity, to: severity, added: names(added), crossed_by },
    },
    ...containmentEffects(raised, added),
    { kind: 'poke' },
  );
}

const names = (added: { action: Action }[]): Action[] => [...new Set(added.map((a) => a.action))];

/** An incident whose severity or actions are others than before: what was given for those counts no longer. */
function recontained(i: Incident, what: Consequence, by: Judging, now: string, sha256: Sha256): Incident {
  const draft: Incident = {
    ...i,
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
  return withActions({ ...draft, binding: containmentBinding(draft, sha256) }, draft.actions, now);
}

/** A quote or a check that failed now: whatever passed before it no longer speaks for the host. */
export function voidReattestation(i: Incident): Verdict {
  if (i.state === 'resolved' || i.reattest_binding === null) return unchanged(i);
  const voided = { ...i, reattest_binding: null, re_attested_at: null };
  return changed(voided, { kind: 'entry', action: 'recovery_reattestation_voided', detail: {} }, { kind: 'poke' });
}
