import { z } from 'zod';
import { named } from '../registry.ts';
import { count, incidentId, instant, incidentState, text } from './common.ts';

const trustState = named('TrustState', z.enum(['trusted', 'degraded', 'unknown']));
const reason = text(1024);
const ticket = text(256);
const name = text(63);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const observedDigest = digest
  .nullable()
  .describe('SHA-256 of what is shown, for `reviewed` of an approval; null: nothing was observed');
const reviewed = digest
  .optional()
  .describe(
    '`observed_digest` of the comparison that was reviewed; when something else would be approved it is refused',
  );

export const attestation = named(
  'Attestation',
  z.looseObject({
    state: trustState,
    nodes: z.array(
      z.looseObject({
        node: z.string(),
        simulated: z.boolean(),
        last_passed: z.boolean().nullable(),
        last_pass_at: instant.nullable(),
        last_result_at: instant.nullable(),
        missed_quotes: count,
        reboot_pending: z.boolean(),
      }),
    ),
  }),
);

export const attestationDiff = named(
  'AttestationDiff',
  z.object({
    node: z.string(),
    state: z.string(),
    reference_version: count.nullable(),
    appraised_at: instant.nullable(),
    passed: z.boolean().nullable(),
    failed: z.array(
      z.object({
        claim: z.string(),
        ok: z.literal(false),
        expected: z.string().optional(),
        actual: z.string().optional(),
      }),
    ),
    pcrs: z.array(
      z.object({
        pcr: z.int().min(0).max(23),
        reference: z.array(z.string()),
        quoted: z.string().nullable(),
        match: z.boolean(),
      }),
    ),
    observed_digest: observedDigest,
  }),
);

export const referenceApproval = named(
  'ReferenceApproval',
  z.strictObject({ node: name, pcr: z.int().min(0).max(23), reason, ticket: ticket.optional(), reviewed }),
);
export const newVersion = named('NewVersion', z.object({ version: z.int().min(1) }));

const confirm = text(256).optional().describe('where one person is all there is: the name once more');
export const retirement = named('NodeRetirement', z.strictObject({ node: name, reason, confirm }));
export const retired = named(
  'NodeRetired',
  z.object({ status: z.literal('retired'), retired_by: z.array(z.string()), single_operator: z.boolean() }),
);
export const replacement = named(
  'NodeReplacement',
  z.strictObject({ node: name, replace: z.literal(true), reason, confirm }),
);
export const replaced = named(
  'NodeReplaced',
  z.object({ status: z.literal('replaced'), replaced_by: z.array(z.string()), single_operator: z.boolean() }),
);
export const secondPerson = named(
  'SecondPersonRequired',
  z.object({ status: z.literal('second_person_required') }).describe('the first of two people was heard'),
);

const file = z.object({ sha256: z.string(), size: count, mode: count });
export const integrityDiff = named(
  'IntegrityDiff',
  z.object({
    baseline: z.string(),
    baseline_version: count,
    checked_at: instant.nullable(),
    checked_version: count.nullable(),
    passed: z.boolean().nullable(),
    differences_total: count,
    differences: z.array(
      z.object({
        path: z.string(),
        kind: z.enum(['changed', 'missing', 'added']),
        expected: file.optional(),
        actual: file.optional(),
      }),
    ),
    observed_digest: observedDigest,
  }),
);
export const integrityCheck = named('IntegrityCheck', z.strictObject({ baseline: name }));
export const baselineApproval = named(
  'BaselineApproval',
  z.strictObject({ baseline: name, reason, ticket: ticket.optional(), reviewed }),
);

export const models = named(
  'QuarantinedModels',
  z.array(
    z.object({
      target: z.string(),
      hold_id: z.string(),
      incident_id: incidentId,
      incident_state: incidentState,
      since: instant,
      release_granted_at: instant.nullable(),
    }),
  ),
);
export const modelRelease = named(
  'ModelRelease',
  z.strictObject({ target: text(4096), how: z.enum(['removed', 'verified']), reason }),
);
export const modelReleased = named('ModelReleased', z.object({ released: count, granted: count }));
