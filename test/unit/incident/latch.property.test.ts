import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CLASSES, SEVERITIES, severityRank } from '../../../domain/containment/types.ts';
import type { Action, IncidentClass } from '../../../domain/containment/types.ts';
import { transition } from '../../../domain/incident/transition.ts';
import type { IncidentEvent } from '../../../domain/incident/transition.ts';
import type { Incident, NamedTarget } from '../../../domain/incident/types.ts';
import { POLICY, at, escalation, incidentOf, recurrence, sha256 } from '../../support/incidents.ts';

const GATED: Action[] = ['freeze_agent', 'disable_airlock', 'force_vault_relock', 'quarantine_model'];

/** What a person or the outside may do next; a proof may be the present one, an older one, or made up. */
type Move = (i: Incident, past: Incident[]) => IncidentEvent;
const proof = (i: Incident): IncidentEvent => ({
  kind: 'reattest',
  proof: { binding: i.binding, occurrences: i.occurrences, settlements: i.settlements },
});
const of = (event: (named: NamedTarget) => IncidentEvent): fc.Arbitrary<Move> =>
  fc
    .record({ action: fc.constantFrom(...GATED), target: fc.constantFrom('*', 'agent:a', 'agent:b') })
    .map((named) => () => event(named));
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.constantFrom('*', 'agent:a', 'agent:b').map<Move>((subject) => () => recurrence({ subject }, ['freeze_agent'])),
  fc.constant<Move>(() => ({ kind: 'triage', operator: 'o' })),
  fc.constant<Move>(() => ({ kind: 'resolve', operator: 'o' })),
  fc.constantFrom('a', 'b').map<Move>((operator) => () => ({ kind: 'ack', operator, actor: operator })),
  fc.constant<Move>(() => ({ kind: 'appraisal_failed' })),
  fc.constant<Move>((i) => proof(i)),
  fc.nat(8).map<Move>((n) => (i, past) => proof(past[n % past.length] ?? i)),
  fc.constantFrom(...SEVERITIES).map<Move>((severity) => () => escalation(severity, ['force_vault_relock'])),
  of((named) => ({ kind: 'settle', ...named })),
  of((named) => ({ kind: 'fail', ...named, error: 'refused' })),
  of((named) => ({ kind: 'lose', ...named })),
);

const held = (i: Incident): string => [i.severity, ...i.actions.map((a) => `${a.action} ${a.target}`).sort()].join();

/** Judges by the events accepted since the severity or a target of the containment was another, not by the record's own columns. */
function ceremonyHeld(events: IncidentEvent[], final: Incident): boolean {
  const critical = final.severity === 'critical';
  const attested = final.class === 'attestation_failure' || final.class === 'integrity_violation';
  const needsAck = critical || POLICY.classes[final.class].latched;
  const needsQuote = critical || attested;
  const lastFold = attested ? events.findLastIndex((e) => e.kind === 'fold') : -1;
  const acked = events.some((e) => e.kind === 'ack');
  const lastFailure = events.findLastIndex((e) => e.kind === 'appraisal_failed');
  const quoted = events.findLastIndex((e) => e.kind === 'reattest') > Math.max(lastFold, lastFailure);
  const settled = final.actions.every((a) => a.status === 'held' || a.status === 'retired');
  return (!needsAck || acked) && (!needsQuote || quoted) && settled;
}

it('S4-14 S4-16 no sequence of events opens a latch without its ceremony', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<IncidentClass>(...CLASSES),
      fc.subarray(GATED),
      fc.constantFrom({}, { subject: 'agent:a' }),
      fc.array(move, { maxLength: 24 }),
      (cls, subscribed, evidence, moves) => {
        let incident = incidentOf(cls, { subscribed, report: { evidence } });
        const past = [incident];
        let since: IncidentEvent[] = [];
        moves.forEach((next, n) => {
          const event = next(incident, past);
          const verdict = transition(incident, event, at(n), sha256);
          if (!verdict.ok || !verdict.changed) return;
          expect(verdict.incident.version).toBe(incident.version + 1);
          expect(verdict.incident.severity_rank).toBe(severityRank(verdict.incident.severity));
          const opened = verdict.effects.some((e) => e.kind === 'release_holds');
          expect(opened).toBe(verdict.incident.state === 'resolved');
          since = held(verdict.incident) === held(incident) ? [...since, event] : [];
          incident = verdict.incident;
          past.push(incident);
        });
        if (incident.state === 'resolved') expect(ceremonyHeld(since, incident)).toBe(true);
      },
    ),
    { numRuns: 2000 },
  );
});
