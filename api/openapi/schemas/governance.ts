import { z } from 'zod';
import { MOST_BUNDLES } from '../../../db/read/waivers.ts';
import { OVERRIDE_ENDS, OVERRIDE_ID, OVERRIDE_SECONDS } from '../../../domain/export/override.ts';
import { WAIVER_ID } from '../../../domain/governance/receipt.ts';
import { WAIVER_SCOPES } from '../../../domain/governance/waiver.ts';
import { named } from '../registry.ts';
import { digest, instant, text } from './common.ts';
import { dsseEnvelope, operatorKeyId, role } from './keys.ts';
import { blobName } from './registry.ts';

export const waiverId = named('WaiverId', z.string().regex(WAIVER_ID));
export const overrideId = named('OverrideId', z.string().regex(OVERRIDE_ID));

const waiverMembers = {
  waiver_id: waiverId,
  state: z.enum(['standing', 'expired', 'revoked']).describe('by the clock of the database'),
  waiver_digest: digest.describe('of the RFC 8785 text of its envelope'),
  bundle: z.object({ name: z.string(), version: z.string(), digest: blobName }),
  transition_digest: blobName,
  scope: z.enum(Object.keys(WAIVER_SCOPES)),
  license_digest: blobName,
  role,
  identity: z.string(),
  key_id: operatorKeyId,
  by: z.string().describe('whose key it is'),
  waived_at: instant,
  not_after: instant,
  revoked_at: instant.nullable(),
  revoked_by: z.string().nullable(),
  revoke_reason: z.string().nullable(),
};

export const waiverRequest = named(
  'WaiverRequest',
  z.strictObject({
    envelope: dsseEnvelope.describe('of the waiver, by one registered key: application/vnd.interlock.waiver+json'),
  }),
);
export const waiver = named('Waiver', z.object(waiverMembers));
export const waiverList = named('WaiverList', z.array(waiver));
export const waiverShown = named(
  'WaiverShown',
  z.object({ ...waiverMembers, justification: z.string().nullable(), envelope: dsseEnvelope }),
);
export const waiverRecorded = named(
  'WaiverRecorded',
  z.object({
    ...waiverMembers,
    line: z.string().describe('the line of the bundle’s governance/ledger.jsonl, with the signed receipt'),
  }),
);
export const waiverSignable = named(
  'WaiverSignable',
  z.object({
    instance: z.string(),
    workspace: z.string(),
    now: instant.describe('by the clock that a waiver is judged by'),
    bundles: z.array(z.object({ name: z.string(), version: z.string(), digest: blobName })).max(MOST_BUNDLES),
  }),
);
export const governanceLedger = named('GovernanceLedger', z.array(z.string().describe('a line')));
export const revocation = named('WaiverRevocation', z.strictObject({ reason: text(1024) }));

export const override = named(
  'ExportOverride',
  z.object({
    override_id: overrideId,
    state: z.enum(['live', ...OVERRIDE_ENDS]).describe('by the clock of the database'),
    ticket: z.string(),
    reason: z.string(),
    opened_by: z.string(),
    opened_at: instant,
    not_after: instant,
    ended_at: instant.nullable(),
    ended_by: z.string().nullable(),
    export_id: z.string().nullable().describe('the export that used it'),
    review_due: instant,
    reviewed_at: instant.nullable(),
    reviewed_by: z.string().nullable(),
    review_note: z.string().nullable(),
    single_operator: z.boolean().describe('whether the one person there is reviewed what they had opened'),
  }),
);
export const overrideList = named('ExportOverrideList', z.array(override));
export const overrideRequest = named(
  'ExportOverrideRequest',
  z.strictObject({
    ticket: text(256),
    reason: text(1024),
    for_seconds: z.int().min(OVERRIDE_SECONDS.least).max(OVERRIDE_SECONDS.most),
  }),
);
export const overrideCleared = named(
  'ExportOverrideCleared',
  z.object({ override: z.null(), cleared: overrideId.nullable().describe('null where none stood any more') }),
);
export const overrideReview = named(
  'ExportOverrideReview',
  z.strictObject({
    note: text(1024),
    confirm: text(64).optional().describe('the id once more, where one person is all there is'),
  }),
);
