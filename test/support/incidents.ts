import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical/json.ts';
import { policyDigest } from '../../domain/containment/policy.ts';
import type { Action, IncidentClass, Severity } from '../../domain/containment/types.ts';
import { createIncident } from '../../domain/incident/create.ts';
import { seal } from '../../domain/incident/record.ts';
import type { IncidentEvent } from '../../domain/incident/transition.ts';
import type { Incident } from '../../domain/incident/types.ts';
import { incidentId } from '../../domain/intake/incident-id.ts';
import type { Report } from '../../domain/report/report.ts';
import { loadContainmentFile } from '../../config/containment-file.ts';

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/** The policy as it is shipped. */
export const POLICY = loadContainmentFile(new URL('../../config/policy/containment.yaml', import.meta.url).pathname);
export const DIGEST = policyDigest(POLICY, sha256);
export const T0 = '2026-03-14T12:00:00.000Z';
export const at = (seconds: number): string => new Date(Date.parse(T0) + seconds * 1000).toISOString();

/** A further report with `evidence` folds into the incident. */
export const recurrence = (
  evidence: Record<string, unknown> = {},
  subscribed: Action[] = [],
): Extract<IncidentEvent, { kind: 'fold' }> => ({
  kind: 'fold',
  by: 'dedup',
  evidence,
  policy: POLICY,
  policy_digest: DIGEST,
  subscribed: new Set(subscribed),
});

export const escalation = (
  severity: Severity,
  subscribed: Action[] = [],
): Extract<IncidentEvent, { kind: 'raise' }> => ({
  kind: 'raise',
  severity,
  policy: POLICY,
  policy_digest: DIGEST,
  subscribed: new Set(subscribed),
  crossed_by: 'INC-x',
});

export function reportOf(cls: IncidentClass, over: Partial<Report> = {}): Report {
  return { class: cls, source: 'attestor', description: 'observed', evidence: {}, ...over };
}

/** A fresh sealed incident of the shipped policy. */
export function incidentOf(
  cls: IncidentClass,
  over: { subscribed?: Action[]; report?: Partial<Report>; number?: number } = {},
): Incident {
  const report = reportOf(cls, over.report);
  const number = over.number ?? 1;
  const { incident } = createIncident(
    {
      workspace_id: 'default',
      id: incidentId(T0, number),
      number,
      now: T0,
      report,
      evidence: canonicalJson(report.evidence),
      severity: report.severity ?? POLICY.classes[cls].severity,
      policy: POLICY,
      policy_digest: DIGEST,
      subscribed: new Set(over.subscribed ?? []),
      actor: 'local-operator',
      on_behalf_of: null,
    },
    sha256,
  );
  return seal(incident, sha256);
}
