// Reference values are versioned and signed; another value is approved by a person with a cause, never learnt.
import { z } from 'zod';
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { approvalSchema, isJustified } from '../signing/approval.ts';
import type { ApprovalInput } from '../signing/approval.ts';
import { AttestationError } from './error.ts';
import { sha256Hex } from './evidence.ts';
import type { PcrValue } from './evidence.ts';

/** DSSE payload type of a signed version. */
export const REFERENCE_VALUES_TYPE = 'application/vnd.interlock.reference-values+json';

const pcrKey = z.string().regex(/^(?:[0-9]|1[0-9]|2[0-3])$/);
const decimalU64 = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,19})$/)
  .refine((v) => BigInt(v) <= 0xffff_ffff_ffff_ffffn);
const distinct = (values: readonly string[]): boolean => new Set(values).size === values.length;

/** `pcrs` maps a PCR index to its acceptable SHA-256 values; `firmware_versions` are UINT64 as decimal strings. */
export const referenceValuesSchema = z.strictObject({
  node: z.string().min(1).max(253),
  version: z.int().min(1),
  bank: z.literal('sha256'),
  pcrs: z
    .record(pcrKey, z.array(sha256Hex).min(1).max(16).refine(distinct))
    .refine((pcrs) => Object.keys(pcrs).length > 0),
  firmware_versions: z.array(decimalU64).min(1).max(16).refine(distinct),
  approved: approvalSchema,
});

export type ReferenceValues = z.infer<typeof referenceValuesSchema>;

/** What one approval replaces: the value of a referenced PCR, or the firmware version. */
export type ReferenceChange = { pcr: number; digest: string } | { firmware_version: string };

/** Parses a stored version strictly. Errors: reference_invalid. */
export function parseReferenceValues(value: unknown): ReferenceValues {
  const parsed = referenceValuesSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AttestationError('reference_invalid', parsed.error.issues[0]?.path.join('.') || 'reference values');
}

/** Hex SHA-256 of the canonical JSON (RFC 8785) of the version. */
export const referenceDigest = (values: ReferenceValues, sha256: Sha256): string => hashCanonical(values, sha256);

/** The first version: what the node showed at its enrolment. Errors: reference_invalid. */
export function firstReference(
  shown: { node: string; pcrs: readonly PcrValue[]; firmware_version: string },
  { by, reason, ticket, incident_id = null, now }: ApprovalInput,
): ReferenceValues {
  return parseReferenceValues({
    node: shown.node,
    version: 1,
    bank: 'sha256',
    pcrs: Object.fromEntries(shown.pcrs.map((p) => [String(p.index), [p.digest]])),
    firmware_versions: [shown.firmware_version],
    approved: { by, reason, ticket, incident_id, at: now },
  });
}

/**
 * The first version of a node's successor: what that one showed at its own enrolment, numbered on from `last`.
 * Errors: reference_invalid.
 */
export function successorReference(
  last: number,
  shown: { node: string; pcrs: readonly PcrValue[]; firmware_version: string },
  approval: ApprovalInput,
): ReferenceValues {
  return parseReferenceValues({ ...firstReference(shown, approval), version: last + 1 });
}

function changed(current: ReferenceValues, change: ReferenceChange): Partial<ReferenceValues> {
  if ('firmware_version' in change) return { firmware_versions: [change.firmware_version] };
  const key = String(change.pcr);
  if (!Object.hasOwn(current.pcrs, key)) throw new AttestationError('pcr_not_referenced', key);
  return { pcrs: { ...current.pcrs, [key]: [change.digest] } };
}

/**
 * The next version: the changed value replaces the old one, which no longer passes.
 * Errors: approval_unjustified (neither ticket nor incident), pcr_not_referenced, reference_invalid.
 */
export function approveReference(current: ReferenceValues, input: ReferenceChange & ApprovalInput): ReferenceValues {
  const { by, reason, ticket, incident_id = null, now } = input;
  if (!isJustified({ ticket, incident_id })) throw new AttestationError('approval_unjustified', 'ticket');
  return parseReferenceValues({
    ...current,
    ...changed(current, input),
    version: current.version + 1,
    approved: { by, reason, ticket, incident_id, at: now },
  });
}
