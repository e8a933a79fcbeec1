// A batch of reports is judged one by one: fold or record, count in the window, and at the crossing raise what it names.
import type { Sha256 } from '../canonical/hash.ts';
import { isBelowDefault } from '../containment/consequence.ts';
import { judgeWindow, nextWindow } from '../containment/escalation.ts';
import type { EscalationRule } from '../containment/policy.ts';
import { moreSevere } from '../containment/types.ts';
import type { Severity } from '../containment/types.ts';
import { cross, listed } from '../escalation/crossing.ts';
import { createIncident } from '../incident/create.ts';
import type { Judging } from '../incident/occurrences.ts';
import { seal } from '../incident/record.ts';
import { transition } from '../incident/transition.ts';
import type { IncidentEvent } from '../incident/transition.ts';
import type { Incident } from '../incident/types.ts';
import { floodOf } from './flood.ts';
import { incidentId } from './incident-id.ts';
import { dedupKey, floodKey, incidentKey, windowKey } from './types.ts';
import type { IntakeAnswer, IntakeOutcome, IntakeReport, IntakeState, Step } from './types.ts';

/** Judges `reports` in order against `state`, which it consumes: later reports of the batch see the earlier ones. */
export function judgeBatch(reports: IntakeReport[], state: IntakeState, sha256: Sha256): IntakeOutcome {
  const outcome: IntakeOutcome = { answers: [], steps: [], windows: new Map(), crossings: [] };
  for (const report of reports) outcome.answers.push(judgeReport(report, state, outcome, sha256));
  return outcome;
}

function judgeReport(r: IntakeReport, state: IntakeState, outcome: IntakeOutcome, sha256: Sha256): IntakeAnswer {
  const { policy, now } = state;
  const rule = policy.classes[r.report.class];
  if (r.report.severity !== undefined && isBelowDefault(policy, r.report.class, r.report.severity))
    return { ok: false, code: 'severity_below_default', path: 'severity' };

  const key = windowKey(r.workspace_id, r.report.class);
  const window = judgeWindow(rule.escalation, state.windows.get(key) ?? [], now);
  let severity = r.report.severity ?? rule.severity;
  if (window.crossed && rule.escalation) severity = moreSevere(severity, rule.escalation.severity);

  const folded = foldTarget(r, severity, state, sha256);
  const answer =
    folded === null ? record(r, severity, state, outcome, sha256) : fold(r, folded, severity, state, outcome, sha256);
  const id = answer.incident.id;

  if (window.crossed && rule.escalation) {
    const raised = window.raise.filter((named) => state.incidents.has(incidentKey(r.workspace_id, named)));
    recordCrossing(r, id, raised, rule.escalation, state, outcome);
    for (const named of raised) {
      const incident = state.incidents.get(incidentKey(r.workspace_id, named)) as Incident;
      apply(incident, raiseTo(rule.escalation.severity, id, r, state), r, state, outcome, sha256);
    }
  }
  const next = nextWindow(rule.escalation, window.live, { incident_id: id, at: now });
  state.windows.set(key, next);
  outcome.windows.set(key, next);
  return { ...answer, incident: state.incidents.get(incidentKey(r.workspace_id, id)) ?? answer.incident };
}

function recordCrossing(
  r: IntakeReport,
  incident_id: string,
  raised: string[],
  { severity, window_seconds }: EscalationRule,
  state: IntakeState,
  outcome: IntakeOutcome,
): void {
  const key = windowKey(r.workspace_id, r.report.class);
  const { opens, ...open } = cross(state.escalations.get(key), incident_id);
  state.escalations.set(key, open);
  outcome.crossings.push({
    ...open,
    opens,
    workspace_id: r.workspace_id,
    class: r.report.class,
    incident_id,
    members: listed(open.crossings, [...raised, incident_id]),
    severity,
    window_seconds,
    actor: r.actor,
    on_behalf_of: r.on_behalf_of,
  });
}

const judging = (r: IntakeReport, state: IntakeState): Judging => ({
  policy: state.policy,
  policy_digest: state.policy_digest,
  subscribed: state.subscribed(r.workspace_id),
});

const raiseTo = (severity: Severity, crossed_by: string, r: IntakeReport, state: IntakeState): IncidentEvent => ({
  kind: 'raise',
  severity,
  crossed_by,
  ...judging(r, state),
});

/** Which unresolved incident the report belongs to: its dedup key's, else the newest of a flood. */
function foldTarget(r: IntakeReport, severity: Severity, state: IntakeState, sha256: Sha256) {
  const dedup = dedupKey(r);
  const same = dedup === null ? undefined : state.dedup.get(dedup);
  if (same !== undefined) return { id: same, by: 'dedup' as const };
  const flood = state.floods.get(floodOf(r, severity, state.policy, sha256));
  if (flood !== undefined && flood.count >= state.policy.flood_limit) return { id: flood.newest, by: 'flood' as const };
  return null;
}

type Accepted = Extract<IntakeAnswer, { ok: true }>;

function record(
  r: IntakeReport,
  severity: Severity,
  state: IntakeState,
  outcome: IntakeOutcome,
  sha256: Sha256,
): Accepted {
  const number = state.allocate();
  const { incident, effects } = createIncident(
    {
      ...r,
      id: incidentId(state.now, number),
      number,
      now: state.now,
      severity,
      ...judging(r, state),
    },
    sha256,
  );
  const sealed = seal(incident, sha256);
  push({ incident: sealed, effects, actor: r.actor, on_behalf_of: r.on_behalf_of }, state, outcome);
  const dedup = dedupKey(r);
  if (dedup !== null) state.dedup.set(dedup, sealed.id);
  if (sealed.require_ack || sealed.require_reattest) {
    const flood = floodKey(r.workspace_id, sealed.class, sealed.source, sealed.target_key);
    state.floods.set(flood, { count: (state.floods.get(flood)?.count ?? 0) + 1, newest: sealed.id });
  }
  return { ok: true, status: 201, incident: sealed };
}

function fold(
  r: IntakeReport,
  target: { id: string; by: 'dedup' | 'flood' },
  severity: Severity,
  state: IntakeState,
  outcome: IntakeOutcome,
  sha256: Sha256,
): Accepted {
  const locked = state.incidents.get(incidentKey(r.workspace_id, target.id));
  if (locked === undefined) throw new Error(`incident ${target.id} was to be folded into and is not locked`);
  const event: IncidentEvent = { kind: 'fold', by: target.by, evidence: r.report.evidence, ...judging(r, state) };
  const folded = apply(locked, event, r, state, outcome, sha256);
  const raised = apply(folded, raiseTo(severity, target.id, r, state), r, state, outcome, sha256);
  return { ok: true, status: 200, incident: raised };
}

/** Applies an event that the batch itself caused; a refusal here would mean that a resolved row was handed in. */
function apply(
  incident: Incident,
  event: IncidentEvent,
  r: IntakeReport,
  state: IntakeState,
  outcome: IntakeOutcome,
  sha256: Sha256,
): Incident {
  const verdict = transition(incident, event, state.now, sha256);
  if (!verdict.ok) throw new Error(`intake: ${event.kind} of ${incident.id} refused: ${verdict.code}`);
  if (!verdict.changed) return incident;
  push(
    { incident: verdict.incident, effects: verdict.effects, actor: r.actor, on_behalf_of: r.on_behalf_of },
    state,
    outcome,
  );
  return verdict.incident;
}

function push(step: Step, state: IntakeState, outcome: IntakeOutcome): void {
  state.incidents.set(incidentKey(step.incident.workspace_id, step.incident.id), step.incident);
  outcome.steps.push(step);
}
