// A ceremony is complete when every action is settled and what it requires was given for the present containment.
import type { Incident, IncidentState } from './types.ts';

type Latch = Pick<
  Incident,
  'require_ack' | 'require_reattest' | 'ack_binding' | 'reattest_binding' | 'binding' | 'pending_actions'
>;

export const ackCounts = (i: Latch): boolean => i.ack_binding === i.binding;
export const reattestCounts = (i: Latch): boolean => i.reattest_binding === i.binding;
export const ceremonyRequired = (i: Latch): boolean => i.require_ack || i.require_reattest;

/** Whether a passing appraisal is still asked for. */
export const wantsReattestation = (i: Latch & { state: IncidentState }): boolean =>
  i.state !== 'resolved' && i.require_reattest && !reattestCounts(i);

/** What is still missing before the latch may open; `[]` means the ceremony is complete. */
export function missing(i: Latch): ('ack' | 'reattest' | 'containment')[] {
  const out: ('ack' | 'reattest' | 'containment')[] = [];
  if (i.require_ack && !ackCounts(i)) out.push('ack');
  if (i.require_reattest && !reattestCounts(i)) out.push('reattest');
  if (i.pending_actions > 0) out.push('containment');
  return out;
}

/** Whether recovery status lists the incident. */
export function recoveryPending(i: Latch & { state: IncidentState }): boolean {
  return i.state !== 'resolved' && ceremonyRequired(i) && missing(i).length > 0;
}

/** The requirement as `/api/v1/recovery/status` shows it; absent times are `""`. */
export interface Requirement {
  incident_id: string;
  incident_class: string;
  severity: string;
  require_ack: boolean;
  require_reattest: boolean;
  acked_at: string;
  acked_by: string;
  re_attested_at: string;
  recovery_complete: boolean;
  containment_latch_active: boolean;
  containment_binding: string;
  required_after: string;
}

export function requirementOf(i: Incident): Requirement {
  const complete = missing(i).length === 0;
  return {
    incident_id: i.id,
    incident_class: i.class,
    severity: i.severity,
    require_ack: i.require_ack,
    require_reattest: i.require_reattest,
    acked_at: i.acked_at ?? '',
    acked_by: i.acked_by ?? '',
    re_attested_at: i.re_attested_at ?? '',
    recovery_complete: complete,
    containment_latch_active: i.state !== 'resolved' && (i.latched || !complete),
    containment_binding: i.binding,
    required_after: i.required_after,
  };
}
