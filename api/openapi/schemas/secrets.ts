import { z } from 'zod';
import { LEASE_STATES, LEASE_TTL, REVOKERS, SUBJECT_BYTES } from '../../../domain/secret/lease.ts';
import { SLOT_CLASSES, VALUE_BYTES } from '../../../domain/secret/slot.ts';
import { named } from '../registry.ts';
import { count, instant, text } from './common.ts';

export const slotName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,127}$/);
const slotKind = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/);
const slotClass = named('SlotClass', z.enum(SLOT_CLASSES));
const version = z.int().min(1);
export const subject = text(SUBJECT_BYTES);
export const leaseId = named('LeaseId', z.string().regex(/^LSE-\d{8}-[0-9a-f]{16}$/));

export const secretValue = named(
  'SecretValue',
  z.strictObject({
    value: text(VALUE_BYTES).describe('in this request, and in no answer'),
    kind: slotKind.optional().describe('what it is for; by default what it was, at first `generic`'),
    class: slotClass.optional().describe('`subject` unless it is said; never changes'),
    staged: z
      .boolean()
      .optional()
      .describe('kept for a rotation of this slot, which has to be there; not in force until that'),
  }),
);

const written = {
  slot: slotName,
  kind: slotKind,
  class: slotClass,
  version,
  leases_revoked: count.describe('counted up to 10,000'),
};
export const secretWritten = named('SecretWritten', z.object(written));
export const secretRollback = named('SecretRollback', z.strictObject({ version: version.max(2 ** 31 - 1) }));
export const secretRolledBack = named('SecretRolledBack', z.object({ ...written, rolled_back_to: version }));

const secret = {
  slot: slotName,
  kind: slotKind,
  class: slotClass,
  version,
  previous_version: version.nullable().describe('what `@previous` names'),
  staged_version: version.nullable().describe('waits for a rotation'),
  exposed_since: instant.nullable().describe('since when the current value has been read through a lease'),
  master_key_id: z.string().nullable(),
  created_at: instant,
  updated_at: instant,
  leases_ended_at: instant.nullable(),
};
export const secretList = named('SecretList', z.array(named('Secret', z.object(secret))));
export const secretShown = named(
  'SecretShown',
  z.object({
    ...secret,
    live_leases: count,
    versions: z
      .array(
        z.object({
          version,
          created_at: instant,
          exposed_since: instant.nullable(),
          rolled_back_to: version.nullable(),
          destroyed_at: instant.nullable().describe('since when its value is gone'),
          actor: z.string(),
        }),
      )
      .describe('the newest 100'),
  }),
);

export const leasesRevokedOfSlot = named(
  'SlotRevoked',
  z.object({ status: z.literal('revoked'), slot: slotName, leases_revoked: count, revoked_at: instant }),
);
export const leasesRevokedOfSubject = named(
  'SubjectRevoked',
  z.object({ status: z.literal('revoked'), subject, leases_revoked: count, revoked_at: instant }),
);

const ttl = z
  .int()
  .min(LEASE_TTL.least)
  .max(LEASE_TTL.most)
  .optional()
  .describe(`seconds, by default ${LEASE_TTL.usual}`);
export const leaseRequest = named('LeaseRequest', z.strictObject({ slot: slotName, subject, ttl }));
export const leaseRenewal = named('LeaseRenewal', z.strictObject({ ttl }));
export const leaseIssued = named(
  'LeaseIssued',
  z.object({
    lease_id: leaseId,
    slot: slotName,
    subject,
    issued_at: instant,
    not_after: instant,
    secret: z.string().describe('what the holder proves itself by; said this once'),
  }),
);
export const leaseRenewed = named(
  'LeaseRenewed',
  z.object({ lease_id: leaseId, not_after: instant, renewed_at: instant }),
);
export const leaseValue = named(
  'LeaseValue',
  z.object({ lease_id: leaseId, slot: slotName, version, not_after: instant, value: z.string() }),
);
export const lease = named(
  'Lease',
  z.object({
    lease_id: leaseId,
    slot: slotName,
    subject,
    state: z.enum(LEASE_STATES),
    revoked_by: z.enum(REVOKERS).optional().describe('what ended it before its time'),
    issued_at: instant,
    issued_by: z.string(),
    renewed_at: instant.nullable(),
    not_after: instant,
  }),
);
export const subjectLeases = named(
  'SubjectLeases',
  z.object({
    subject,
    live_leases: count,
    revoked_at: instant.nullable(),
    revoked_by: z.string().nullable(),
    leases: z.array(lease),
  }),
);
