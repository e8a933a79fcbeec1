// A flood is one class from one source about one target: from a number of unresolved ceremonies on it folds into the newest.
import type { Sha256 } from '../canonical/hash.ts';
import { consequence, targetsOf } from '../containment/consequence.ts';
import type { ContainmentPolicy } from '../containment/policy.ts';
import { moreSevere } from '../containment/types.ts';
import type { Severity } from '../containment/types.ts';
import { targetKey } from '../incident/create.ts';
import { floodKey } from './types.ts';
import type { IntakeReport } from './types.ts';

/** The `floodKey` of a report that is judged at `severity`. */
export function floodOf(r: IntakeReport, severity: Severity, policy: ContainmentPolicy, sha256: Sha256): string {
  const { actions } = consequence(policy, r.report.class, severity);
  const { targets } = targetsOf(actions, r.report.evidence);
  return floodKey(r.workspace_id, r.report.class, r.report.source, targetKey(targets, sha256));
}

/** The floods that a report may fold into: which severity it has is only known once its window is judged. */
export function floodsOf(r: IntakeReport, policy: ContainmentPolicy, sha256: Sha256): string[] {
  const rule = policy.classes[r.report.class];
  const asked = r.report.severity ?? rule.severity;
  const { require_ack, require_reattest } = consequence(policy, r.report.class, asked);
  if (!require_ack && !require_reattest && rule.escalation === undefined) return [];
  const crossed = rule.escalation === undefined ? asked : moreSevere(asked, rule.escalation.severity);
  return [...new Set([asked, crossed].map((severity) => floodOf(r, severity, policy, sha256)))];
}
