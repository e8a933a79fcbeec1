import { describe, expect, it } from 'vitest';
import { canonicalRecord } from '../../../domain/incident/record.ts';
import { ackCounts, missing } from '../../../domain/incident/requirement.ts';
import { TARGETS_PER_ACTION } from '../../../domain/incident/targets.ts';
import { transition } from '../../../domain/incident/transition.ts';
import type { IncidentEvent } from '../../../domain/incident/transition.ts';
import type { Effect, Incident } from '../../../domain/incident/types.ts';
import { POLICY, at, escalation, incidentOf, recurrence, sha256 } from '../../support/incidents.ts';

function accept(incident: Incident, event: IncidentEvent): { incident: Incident; effects: Effect[] } {
  const verdict = transition(incident, event, at(60), sha256);
  if (!verdict.ok) throw new Error(`${event.kind} refused: ${verdict.code}`);
  return verdict;
}
const after = (incident: Incident, ...events: IncidentEvent[]): Incident =>
  events.reduce((i, event) => accept(i, event).incident, incident);
const placed = (effects: Effect[]) =>
  effects.flatMap((e) => (e.kind === 'place_hold' ? [`${e.action} ${e.target}`] : []));
const pairs = (i: Incident) => i.actions.map((a) => `${a.action} ${a.target}`);
const ack: IncidentEvent = { kind: 'ack', operator: 'me@org', actor: 'me' };
const subjects = (n: number): IncidentEvent[] =>
  Array.from({ length: n }, (_, i) => recurrence({ subject: `agent:${i}` }));

const A = { subject: 'agent:a' };
const B = { subject: 'agent:b' };

describe('a report that folds', () => {
  it('holds the target it names beside the first one', () => {
    const fresh = incidentOf('unauthorized_access', { report: { evidence: A } });
    const { incident, effects } = accept(fresh, recurrence(B));
    expect(pairs(incident)).toEqual([
      'freeze_agent agent:a',
      'freeze_agent agent:b',
      'force_vault_relock *',
      'log_alert *',
    ]);
    expect(placed(effects)).toEqual(['freeze_agent agent:b']);
    expect(effects).toContainEqual({ kind: 'poke' });
    expect(effects[0]).toMatchObject({
      action: 'incident_recurred',
      detail: { occurrences: 2, added: ['freeze_agent'] },
    });
    expect(incident).toMatchObject({ state: 'contained', pending_actions: 0, policy_digest: fresh.policy_digest });
  });

  it('voids what was given for the containment before it', () => {
    const fresh = incidentOf('attestation_failure', { report: { evidence: A } });
    const { binding, occurrences, settlements } = fresh;
    const proof: IncidentEvent = { kind: 'reattest', proof: { binding, occurrences, settlements } };
    const done = after(fresh, ack, proof);
    expect(missing(done)).toEqual([]);
    const wider = after(done, recurrence(B));
    expect(wider.binding).not.toBe(done.binding);
    expect(missing(wider)).toEqual(['ack', 'reattest']);
    expect([wider.acked_at, wider.acked_by, wider.re_attested_at, wider.required_after]).toEqual([
      null,
      null,
      null,
      at(60),
    ]);
    expect(transition(wider, { ...ack, containment_binding: binding }, at(61), sha256)).toMatchObject({
      code: 'containment_changed',
    });
  });

  it('with a target that is held changes nothing of the containment', () => {
    const wide = after(incidentOf('manifest_mismatch', { report: { evidence: A } }), recurrence(B), ack);
    for (const evidence of [A, B]) {
      const { incident, effects } = accept(wide, recurrence(evidence));
      expect(incident).toMatchObject({
        actions: wide.actions,
        binding: wide.binding,
        occurrences: 3,
        acked_by: 'me@org',
      });
      expect(placed(effects)).toEqual([]);
      expect(effects[0]).toEqual({
        kind: 'entry',
        action: 'incident_recurred',
        detail: { by: 'dedup', occurrences: 3 },
      });
      expect(ackCounts(incident)).toBe(true);
    }
  });

  it('without a target holds everything, once', () => {
    const all = after(incidentOf('tool_call_burst', { report: { evidence: A } }), recurrence({}));
    expect(pairs(all)).toEqual(['freeze_agent agent:a', 'freeze_agent *']);
    expect(all.marks).toEqual(['target_missing']);
    expect(pairs(after(all, recurrence(B), recurrence({})))).toEqual(pairs(all));
  });

  it('waits for the adapters of the new target, whichever of the action held before', () => {
    const held = incidentOf('tool_call_burst', { report: { evidence: A } });
    const waiting = after(held, recurrence(B, ['freeze_agent']));
    expect(waiting).toMatchObject({ state: 'open', pending_actions: 1 });
    expect(transition(waiting, { kind: 'resolve', operator: 'me' }, at(61), sha256)).toMatchObject({
      code: 'containment_pending',
    });
    const of = (target: string) => ({ action: 'freeze_agent', target }) as const;
    expect(after(waiting, { kind: 'settle', ...of('agent:a') })).toBe(waiting);
    expect(after(waiting, { kind: 'settle', ...of('agent:c') })).toBe(waiting);
    const failed = after(waiting, { kind: 'fail', ...of('agent:b'), error: 'refused' });
    expect(failed).toMatchObject({ state: 'containment_failed', actions: [{ status: 'held' }, { status: 'failed' }] });
    const settled = after(failed, { kind: 'settle', ...of('agent:b') });
    expect(settled).toMatchObject({ state: 'contained', settlements: 1, pending_actions: 0 });
    const lost = after(settled, { kind: 'lose', ...of('agent:a') });
    expect(lost).toMatchObject({ state: 'open', actions: [{ status: 'pending' }, { status: 'held' }] });
  });

  it('is judged by the active policy when it adds to the containment, and brings the actions that one asks for', () => {
    const rule = {
      ...POLICY.classes.tool_call_burst,
      latched: true,
      actions: ['freeze_agent', 'disable_tool'] as const,
    };
    const policy = {
      ...POLICY,
      classes: { ...POLICY.classes, tool_call_burst: { ...rule, actions: [...rule.actions] } },
    };
    const fresh = incidentOf('tool_call_burst', { report: { evidence: { ...A, tool: 'shell' } } });
    const wider = after(fresh, { ...recurrence({ ...A, tool: 'mail' }), policy, policy_digest: 'f'.repeat(64) });
    expect(pairs(wider)).toEqual(['freeze_agent agent:a', 'disable_tool shell', 'disable_tool mail']);
    expect(wider).toMatchObject({ policy_digest: 'f'.repeat(64), latched: true, require_ack: true });
  });
});

describe('what a rise in severity closes', () => {
  it('is what every report named that folded before it', () => {
    const fresh = incidentOf('model_behavior_anomaly', { report: { evidence: { ...A, model_path: '/m' } } });
    const folded = after(fresh, recurrence({ ...B, model_path: '/m' }));
    expect(pairs(folded)).toEqual(['quarantine_model /m', 'log_alert *']);
    expect(folded.binding).toBe(fresh.binding);
    const raised = after(folded, escalation('critical'));
    expect(pairs(raised).slice(2)).toEqual(['freeze_agent agent:a', 'freeze_agent agent:b', 'force_vault_relock *']);
    expect(raised.named_targets).toEqual([]);
    expect(raised.marks).toEqual([]);
  });

  it('is everything when one of them did not say', () => {
    const evidence = { ...A, model_path: '/m' };
    const folded = after(
      incidentOf('model_behavior_anomaly', { report: { evidence } }),
      recurrence({ model_path: '/m' }),
    );
    expect(folded.marks).toEqual([]);
    const raised = after(folded, escalation('critical'));
    expect(pairs(raised)).toContain('freeze_agent *');
    expect(raised.marks).toEqual(['target_missing']);
  });

  it('is everything when they named more than are held one by one', () => {
    const start = incidentOf('model_behavior_anomaly', { report: { evidence: { ...A, model_path: '/m' } } });
    const folds = Array.from({ length: TARGETS_PER_ACTION + 8 }, (_, i) =>
      recurrence({ subject: `agent:${i}`, model_path: '/m' }),
    );
    const folded = after(start, ...folds);
    expect(folded.named_targets.filter((n) => n.action === 'freeze_agent')).toHaveLength(TARGETS_PER_ACTION);
    const raised = after(folded, escalation('critical'));
    expect(pairs(raised)).toContain('freeze_agent *');
    expect(raised.marks).toEqual(['targets_bounded']);
  });
});

describe('the targets of one action', () => {
  const start = incidentOf('tool_call_burst', { report: { evidence: A } });

  it('are held one by one up to the bound, from there on everything is', () => {
    const full = after(start, ...subjects(TARGETS_PER_ACTION - 1));
    expect(full.actions).toHaveLength(TARGETS_PER_ACTION);
    expect(full.marks).toEqual([]);
    const { incident: closed, effects } = accept(full, recurrence({ subject: 'agent:one-more' }));
    expect(placed(effects)).toEqual(['freeze_agent *']);
    expect(closed.marks).toEqual(['targets_bounded']);
    const more = after(closed, ...subjects(TARGETS_PER_ACTION * 2), recurrence({}));
    expect(more).toMatchObject({ actions: closed.actions, binding: closed.binding, marks: closed.marks });
  });

  it('have a result each, in the order they were added; with one target the record is as it always was', () => {
    const { containment_results, ...plain } = canonicalRecord(start);
    expect(plain).not.toHaveProperty('containment_targets');
    expect(containment_results).toEqual([{ action: 'freeze_agent', success: true, completed_at: start.created_at }]);
    const wide = after(start, recurrence(B), recurrence({ subject: 'agent:c' }, ['freeze_agent']));
    expect(canonicalRecord(wide)).toMatchObject({
      containment_actions: ['freeze_agent'],
      containment_targets: ['a', 'b', 'c'].map((x) => ({ action: 'freeze_agent', target: `agent:${x}` })),
      containment_results: [
        { action: 'freeze_agent', target: 'agent:a', success: true, completed_at: start.created_at },
        { action: 'freeze_agent', target: 'agent:b', success: true, completed_at: at(60) },
      ],
    });
  });
});
