import { describe, expect, it } from 'vitest';
import { CLASSES } from '../../../domain/containment/types.ts';
import type { IncidentClass } from '../../../domain/containment/types.ts';
import { ackCounts, missing, reattestCounts } from '../../../domain/incident/requirement.ts';
import { transition } from '../../../domain/incident/transition.ts';
import type { IncidentEvent } from '../../../domain/incident/transition.ts';
import type { Incident } from '../../../domain/incident/types.ts';
import { T0, at, escalation, incidentOf, recurrence, sha256 } from '../../support/incidents.ts';

/** Counters above this behave as at it: one recurrence or settlement already separates an old proof from a new one. */
const BOUND = 2;

interface Node {
  incident: Incident;
  /** A proof for an earlier state of the same incident, where there was one. */
  stale: Extract<IncidentEvent, { kind: 'reattest' }>['proof'] | null;
  hoursSinceQuote: 'fresh' | 'expired';
}

const proofOf = ({ binding, occurrences, settlements }: Incident) => ({ binding, occurrences, settlements });

/** Everything the rules look at; times, versions and hashes only name it. */
function signature({ incident: i, stale, hoursSinceQuote }: Node): string {
  const proof = stale === null ? null : JSON.stringify(stale) === JSON.stringify(proofOf(i));
  const actions = i.actions.map((a) => `${a.action}/${a.target}:${a.status}`);
  const named = i.named_targets.map((n) => `${n.action}/${n.target}`);
  const given = [ackCounts(i), i.acked_by, reattestCounts(i), i.triaged_at !== null, i.contained_at !== null];
  return JSON.stringify([
    i.state,
    i.severity,
    actions,
    named,
    given,
    i.occurrences,
    i.settlements,
    proof,
    hoursSinceQuote,
  ]);
}

function eventsOf({ incident, stale }: Node): IncidentEvent[] {
  const gated = incident.actions.filter((a) => a.gate !== null);
  return [
    ...(['a', 'b'] as const).map((operator): IncidentEvent => ({ kind: 'ack', operator, actor: operator })),
    { kind: 'ack', operator: 'a', actor: 'a', containment_binding: '0'.repeat(64) },
    { kind: 'reattest', proof: proofOf(incident) },
    ...(stale === null ? [] : [{ kind: 'reattest', proof: stale } as const]),
    { kind: 'appraisal_failed' },
    { kind: 'triage', operator: 'a' },
    { kind: 'resolve', operator: 'a' },
    ...(incident.occurrences < BOUND ? [recurrence({ subject: 'agent:a' }), recurrence({ subject: 'agent:b' })] : []),
    ...(['high', 'critical'] as const).map((severity) =>
      escalation(severity, ['force_vault_relock', 'disable_airlock']),
    ),
    ...(incident.settlements < BOUND
      ? gated.flatMap(({ action, target }): IncidentEvent[] => [
          { kind: 'settle', action, target },
          { kind: 'lose', action, target },
        ])
      : []),
    ...gated.map(({ action, target }): IncidentEvent => ({ kind: 'fail', action, target, error: 'refused' })),
  ];
}

function explore(cls: IncidentClass, check: (before: Node, event: IncidentEvent, after: Incident) => void): number {
  const start = incidentOf(cls, { subscribed: ['freeze_agent'], report: { evidence: { subject: 'agent:a' } } });
  const queue: Node[] = [{ incident: start, stale: null, hoursSinceQuote: 'fresh' }];
  const seen = new Set(queue.map(signature));
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    const now = node.hoursSinceQuote === 'fresh' ? at(60) : at(25 * 3600);
    for (const event of eventsOf(node)) {
      const verdict = transition(node.incident, event, now, sha256);
      if (!verdict.ok || !verdict.changed) continue;
      check(node, event, verdict.incident);
      const same = JSON.stringify(proofOf(verdict.incident)) === JSON.stringify(proofOf(node.incident));
      const next: Node = {
        // Times other than the quote's age decide nothing; pinning them keeps the space finite.
        incident: { ...verdict.incident, re_attested_at: verdict.incident.re_attested_at === null ? null : T0 },
        stale: same ? node.stale : proofOf(node.incident),
        hoursSinceQuote: event.kind === 'reattest' ? 'fresh' : node.hoursSinceQuote,
      };
      for (const aged of [next, { ...next, hoursSinceQuote: 'expired' as const }]) {
        const key = signature(aged);
        if (!seen.has(key)) {
          seen.add(key);
          queue.push(aged);
        }
      }
    }
  }
  return seen.size;
}

describe('S4-14 the whole state space of the ceremony', () => {
  it.each(CLASSES)('%s: every way to resolved goes through what its requirement asks', (cls) => {
    let resolved = 0;
    const states = explore(cls, ({ incident: before, hoursSinceQuote }, event, after) => {
      if (event.kind === 'resolve') {
        resolved += 1;
        expect(missing(before)).toEqual([]);
        if (before.require_reattest) expect(hoursSinceQuote).toBe('fresh');
      } else expect(after.state).not.toBe('resolved');
      if (event.kind === 'reattest' && event.proof !== undefined) expect(event.proof).toEqual(proofOf(before));
      expect(before.require_ack && !after.require_ack).toBe(false);
      expect(before.require_reattest && !after.require_reattest).toBe(false);
      expect(after.severity_rank).toBeLessThanOrEqual(before.severity_rank);
      const contains = ({ severity, actions }: Incident) => [
        severity,
        ...actions.map((a) => `${a.action} ${a.target}`),
      ];
      expect(after.binding === before.binding).toBe(contains(after).join() === contains(before).join());
    });
    expect(resolved).toBeGreaterThan(0);
    expect(states).toBeGreaterThan(50);
  });
});
