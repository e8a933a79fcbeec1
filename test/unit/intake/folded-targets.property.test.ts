import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { targetsOf } from '../../../domain/containment/consequence.ts';
import type { Action, IncidentClass, Severity } from '../../../domain/containment/types.ts';
import type { Incident } from '../../../domain/incident/types.ts';
import { judgeBatch } from '../../../domain/intake/judge-batch.ts';
import { windowKey } from '../../../domain/intake/types.ts';
import type { IntakeReport, IntakeState } from '../../../domain/intake/types.ts';
import { DIGEST, POLICY, at, reportOf, sha256 } from '../../support/incidents.ts';

const CLASSES = [
  'model_behavior_anomaly',
  'prompt_injection',
  'tool_call_burst',
  'manifest_mismatch',
  'attestation_failure',
] as const satisfies IncidentClass[];

/** Reports that fold more often than not: few keys, few targets, some of them not named. */
const report = fc.record({
  cls: fc.constantFrom(...CLASSES),
  subject: fc.constantFrom(undefined, 'agent:a', 'agent:b', 'agent:c'),
  model_path: fc.constantFrom(undefined, '/models/a', '/models/b'),
  severity: fc.constantFrom<(Severity | undefined)[]>(undefined, undefined, undefined, 'critical'),
  dedup_key: fc.constantFrom(undefined, 'k', 'k', 'l'),
  after: fc.constantFrom(0, 1, 400),
});

type Given = typeof report extends fc.Arbitrary<infer T> ? T : never;

function intakeOf({ cls, subject, model_path, severity, dedup_key }: Given): IntakeReport {
  const evidence = { ...(subject && { subject }), ...(model_path && { model_path }) };
  const full = reportOf(cls, { evidence, ...(severity && { severity }), ...(dedup_key && { dedup_key }) });
  return { workspace_id: 'default', report: full, evidence: canonicalJson(evidence), actor: 'a', on_behalf_of: null };
}

function emptyState(): IntakeState {
  let number = 0;
  return {
    now: at(0),
    policy: { ...POLICY, flood_limit: 3 },
    policy_digest: DIGEST,
    subscribed: () => new Set<Action>(['freeze_agent']),
    windows: new Map(CLASSES.map((cls) => [windowKey('default', cls), []])),
    escalations: new Map(),
    incidents: new Map(),
    dedup: new Map(),
    floods: new Map(),
    allocate: () => (number += 1),
  };
}

const pairs = (i: Incident): string[] => i.actions.map((a) => `${a.action} ${a.target}`);
const containment = (i: Incident): string => [i.severity, ...pairs(i).sort()].join();

it('no report leaves a target that it names unheld, and a binding is another exactly when the containment is', () => {
  const seen = { folds: 0, widened: 0, raised: 0 };
  fc.assert(
    fc.property(fc.array(report, { minLength: 2, maxLength: 20 }), (reports) => {
      const state = emptyState();
      const placed = new Map<string, Set<string>>();
      const belongs: { id: string; report: IntakeReport }[] = [];
      const last = new Map<string, Incident>();
      let seconds = 0;
      for (const given of reports) {
        seconds += given.after;
        state.now = at(seconds);
        const intake = intakeOf(given);
        const { answers, steps } = judgeBatch([intake], state, sha256);
        for (const { incident, effects } of steps) {
          const held = placed.get(incident.id) ?? new Set();
          for (const e of effects) if (e.kind === 'place_hold') held.add(`${e.action} ${e.target}`);
          placed.set(incident.id, held);
          const before = last.get(incident.id);
          if (before !== undefined) {
            expect(incident.binding === before.binding).toBe(containment(incident) === containment(before));
            seen.widened += Number(
              containment(incident) !== containment(before) && incident.severity === before.severity,
            );
            seen.raised += Number(incident.severity !== before.severity);
          }
          expect(new Set(pairs(incident)).size).toBe(incident.actions.length);
          expect([...held].sort()).toEqual(
            pairs({ ...incident, actions: incident.actions.filter((a) => a.gate) }).sort(),
          );
          last.set(incident.id, incident);
        }
        const [answer] = answers;
        if (!answer?.ok) throw new Error('a report was refused');
        belongs.push({ id: answer.incident.id, report: intake });
        seen.folds += Number(answer.status === 200);
        for (const { id, report: folded } of belongs) {
          const gated = last
            .get(id)!
            .actions.filter((a) => a.gate !== null)
            .map((a) => a.action);
          for (const [action, target] of Object.entries(targetsOf(gated, folded.report.evidence).targets))
            expect(placed.get(id)!.has(`${action} ${target}`) || placed.get(id)!.has(`${action} *`)).toBe(true);
        }
      }
    }),
    { numRuns: 1000 },
  );
  // Otherwise the reports were such that nothing was shown.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
});
