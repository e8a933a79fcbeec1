import { describe, expect, it } from 'vitest';
import { CLASSES } from '../../../domain/containment/types.ts';
import { missing, recoveryPending, requirementOf } from '../../../domain/incident/requirement.ts';
import { transition } from '../../../domain/incident/transition.ts';
import type { IncidentEvent } from '../../../domain/incident/transition.ts';
import type { Incident } from '../../../domain/incident/types.ts';
import { T0, at, escalation, incidentOf, recurrence, sha256 } from '../../support/incidents.ts';

const ack = (operator = 'me@org'): IncidentEvent => ({ kind: 'ack', operator, actor: 'local-operator' });
const proofOf = ({ binding, occurrences, settlements }: Incident): IncidentEvent => ({
  kind: 'reattest',
  proof: { binding, occurrences, settlements },
});
const resolve: IncidentEvent = { kind: 'resolve', operator: 'me@org' };

function accept(incident: Incident, event: IncidentEvent, now = at(60)): Incident {
  const verdict = transition(incident, event, now, sha256);
  if (!verdict.ok) throw new Error(`${event.kind} refused: ${verdict.code}`);
  return verdict.incident;
}
const refusal = (incident: Incident, event: IncidentEvent, now = at(60)) => {
  const verdict = transition(incident, event, now, sha256);
  return verdict.ok ? 'accepted' : [verdict.code, ...(verdict.missing ?? [])].join(' ');
};

describe('the ceremony', () => {
  it('S4-26 a critical incident needs acknowledgement and re-attestation, in either order', () => {
    const fresh = incidentOf('attestation_failure');
    expect(refusal(fresh, resolve)).toBe('recovery_incomplete ack reattest');
    const acked = accept(fresh, ack());
    expect(refusal(acked, resolve)).toBe('recovery_incomplete reattest');
    expect(refusal(accept(fresh, proofOf(fresh)), resolve)).toBe('recovery_incomplete ack');
    expect(accept(accept(acked, proofOf(acked)), resolve).state).toBe('resolved');
    const attested = accept(fresh, proofOf(fresh));
    expect(accept(accept(attested, ack()), resolve).state).toBe('resolved');
  });

  it('S4-16 S4-25 a latched high incident completes by acknowledgement alone', () => {
    const fresh = incidentOf('manifest_mismatch');
    expect(refusal(fresh, resolve)).toBe('recovery_incomplete ack');
    expect(refusal(fresh, proofOf(fresh))).toBe('reattest_not_required');
    expect(accept(accept(fresh, ack()), resolve).resolved_at).toBe(at(60));
  });

  it('S4-17 an incident that is neither latched nor critical resolves directly', () => {
    for (const cls of [
      'policy_bypass_attempt',
      'prompt_injection',
      'tool_call_burst',
      'model_behavior_anomaly',
    ] as const)
      expect(accept(incidentOf(cls), resolve).state).toBe('resolved');
  });

  it('S4-24 the first acknowledgement stands; a repeat changes nothing, another operator is recorded as a further one', () => {
    const acked = accept(incidentOf('unauthorized_access'), ack('first@org'));
    expect([acked.acked_by, acked.acked_at]).toEqual(['first@org', at(60)]);
    const again = transition(acked, ack('first@org'), at(90), sha256);
    expect(again).toMatchObject({ ok: true, changed: false, incident: acked });
    const further = transition(acked, ack('second@org'), at(90), sha256);
    expect(further).toMatchObject({ ok: true, changed: true, incident: { acked_by: 'first@org', acked_at: at(60) } });
  });

  it('S4-50 a rise in severity adds actions, requires the whole ceremony and voids what was given before', () => {
    const fresh = accept(incidentOf('prompt_injection'), ack());
    const raised = accept(fresh, escalation('critical'));
    expect(raised.actions.map((a) => a.action)).toEqual(['freeze_agent', 'log_alert', 'force_vault_relock']);
    expect([raised.require_ack, raised.require_reattest, raised.acked_at]).toEqual([true, true, null]);
    expect(raised.binding).not.toBe(fresh.binding);
    expect(refusal(raised, { ...ack(), containment_binding: fresh.binding } as IncidentEvent)).toBe(
      'containment_changed',
    );
    expect(refusal(raised, proofOf(fresh))).toBe('containment_changed');
  });

  it('a recurrence voids the re-attestation of the attested classes and never the acknowledgement', () => {
    const done = accept(accept(incidentOf('integrity_violation'), ack()), proofOf(incidentOf('integrity_violation')));
    const recurred = accept(done, recurrence());
    expect([recurred.occurrences, recurred.re_attested_at, recurred.acked_by]).toEqual([2, null, 'me@org']);
    expect(refusal(recurred, resolve)).toBe('recovery_incomplete reattest');
    expect(refusal(recurred, proofOf(done))).toBe('occurrence_changed');
  });

  it('an appraisal that fails voids the re-attestation that passed before it', () => {
    const fresh = incidentOf('attestation_failure');
    const done = accept(accept(fresh, ack()), proofOf(fresh));
    const failed = accept(done, { kind: 'appraisal_failed' });
    expect([failed.re_attested_at, failed.acked_by]).toEqual([null, 'me@org']);
    expect(refusal(failed, resolve)).toBe('recovery_incomplete reattest');
    expect(transition(fresh, { kind: 'appraisal_failed' }, at(60), sha256)).toMatchObject({ ok: true, changed: false });
  });

  it('a re-attestation older than 24 h no longer resolves', () => {
    const fresh = incidentOf('attestation_failure');
    const done = accept(accept(fresh, ack(), T0), proofOf(fresh), T0);
    expect(refusal(done, resolve, at(24 * 3600 + 1))).toBe('recovery_incomplete reattest');
    expect(refusal(done, resolve, at(24 * 3600))).toBe('accepted');
  });

  it('an action that an adapter has yet to hold keeps the latch, and one lost again voids an older challenge', () => {
    const fresh = incidentOf('attestation_failure', { subscribed: ['disable_airlock'] });
    expect([fresh.state, fresh.pending_actions]).toEqual(['open', 1]);
    const both = accept(accept(fresh, ack()), proofOf(fresh));
    expect(refusal(both, resolve)).toBe('containment_pending containment');
    expect(recoveryPending(both)).toBe(true);
    const failed = accept(both, { kind: 'fail', action: 'disable_airlock', target: '*', error: 'no answer in 5 s' });
    expect([failed.state, failed.pending_actions]).toEqual(['containment_failed', 1]);
    const held = accept(failed, { kind: 'settle', action: 'disable_airlock', target: '*' });
    expect([held.state, held.pending_actions, held.contained_at]).toEqual(['contained', 0, at(60)]);
    expect(refusal(held, proofOf(fresh))).toBe('settlement_changed');
    const lost = accept(held, { kind: 'lose', action: 'disable_airlock', target: '*' });
    expect(refusal(lost, resolve)).toBe('containment_pending containment');
  });

  it('S4-22 the requirement lists what the contract lists, absent times as empty strings', () => {
    const fresh = incidentOf('attestation_failure');
    expect(requirementOf(fresh)).toEqual({
      incident_id: fresh.id,
      incident_class: 'attestation_failure',
      severity: 'critical',
      require_ack: true,
      require_reattest: true,
      acked_at: '',
      acked_by: '',
      re_attested_at: '',
      recovery_complete: false,
      containment_latch_active: true,
      containment_binding: fresh.binding,
      required_after: T0,
    });
  });

  it('triage moves only an incident without containment and never counts as the ceremony’s acknowledgement', () => {
    const open = accept(incidentOf('forbidden_airlock_request'), { kind: 'triage', operator: 'me@org' });
    expect([open.state, open.triaged_by]).toEqual(['acknowledged', 'me@org']);
    const latched = accept(incidentOf('attestation_failure'), { kind: 'triage', operator: 'me@org' });
    expect([latched.state, latched.triaged_by, missing(latched)]).toEqual(['contained', 'me@org', ['ack', 'reattest']]);
  });

  it('nothing but the resolved record answers after resolve', () => {
    for (const cls of CLASSES) {
      let done = incidentOf(cls);
      if (done.require_ack) done = accept(done, ack());
      if (done.require_reattest) done = accept(done, proofOf(done));
      done = accept(done, resolve);
      expect(transition(done, resolve, at(99), sha256)).toMatchObject({ ok: true, changed: false, incident: done });
      for (const event of [ack('late@org'), { kind: 'triage', operator: 'x' }, recurrence()] as IncidentEvent[])
        expect(refusal(done, event)).toBe('already_resolved');
    }
  });
});
