import { z } from 'zod';
import { named } from '../registry.ts';
import { count, digest, incidentClass, incidentId, instant, instantOrEmpty, severity, text } from './common.ts';

export const requirement = named(
  'RecoveryRequirement',
  z.object({
    incident_id: incidentId,
    incident_class: incidentClass,
    severity,
    require_ack: z.boolean(),
    require_reattest: z.boolean(),
    acked_at: instantOrEmpty,
    acked_by: z.string(),
    re_attested_at: instantOrEmpty,
    recovery_complete: z.boolean(),
    containment_latch_active: z.boolean(),
    containment_binding: digest.describe('what an acknowledgement is bound to'),
    required_after: instant,
  }),
);

export const recoveryStatus = named(
  'RecoveryStatus',
  z.object({ pending_recoveries: z.array(requirement), count: count.describe('of all, also of those on other pages') }),
);

export const ackRequest = named(
  'RecoveryAck',
  z.strictObject({
    incident_id: text(64),
    operator: text(256),
    note: text(4096).optional(),
    containment_binding: text(64).optional().describe('another than the current one is refused'),
  }),
);

export const acknowledged = named('RecoveryAcknowledged', z.object({ status: z.literal('acknowledged') }));
export const reattestRequest = named('RecoveryReattest', z.strictObject({ incident_id: text(64) }));
export const reattested = named('RecoveryReattested', z.object({ status: z.literal('re-attestation recorded') }));
