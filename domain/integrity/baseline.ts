// A baseline is the signed, versioned list of what the protected files are; it has one order and one spelling of a path.
import { z } from 'zod';
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { approvalSchema, isJustified } from '../signing/approval.ts';
import type { ApprovalInput } from '../signing/approval.ts';
import { IntegrityError } from './error.ts';

/** DSSE payload type of a signed version. */
export const INTEGRITY_BASELINE_TYPE = 'application/vnd.interlock.integrity-baseline+json';

/** Whether `path` is relative, `/`-separated, without empty, `.` or `..` segments, NUL or lone surrogates. */
export function isNormalizedPath(path: string): boolean {
  const segments = path.split('/');
  return path.isWellFormed() && !path.includes('\0') && segments.every((s) => s !== '' && s !== '.' && s !== '..');
}

/** The order of a baseline: UTF-16 code units, as RFC 8785 orders keys. */
export const byPath = (a: { path: string }, b: { path: string }): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : 0;

const ascending = (files: readonly FileRecord[]): boolean =>
  files.every((file, i) => i === 0 || (files[i - 1] as FileRecord).path < file.path);

/** `size` in bytes; `mode` is st_mode, so that a file replaced by a link or a directory of the same bits differs. */
export const fileRecordSchema = z.strictObject({
  path: z.string().min(1).max(1024).refine(isNormalizedPath),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  size: z.int().min(0),
  mode: z.int().min(0).max(0o177777),
});
export type FileRecord = z.infer<typeof fileRecordSchema>;

/** `files` ascend by path without repeats; `root` is a label, the folder is configuration. */
export const integrityBaselineSchema = z.strictObject({
  baseline: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  version: z.int().min(1),
  root: z.string().min(1).max(256),
  files: z.array(fileRecordSchema).min(1).max(10_000).refine(ascending),
  approved: approvalSchema,
});
export type IntegrityBaseline = z.infer<typeof integrityBaselineSchema>;

/** Parses a version strictly. Errors: baseline_invalid. */
export function parseBaseline(value: unknown): IntegrityBaseline {
  const parsed = integrityBaselineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new IntegrityError('baseline_invalid', parsed.error.issues[0]?.path.join('.') || 'baseline');
}

/** Hex SHA-256 of the canonical JSON (RFC 8785) of the version. */
export const baselineDigest = (baseline: IntegrityBaseline, sha256: Sha256): string => hashCanonical(baseline, sha256);

/** The first version, as observed at first start. Errors: baseline_invalid. */
export function firstBaseline(
  name: Pick<IntegrityBaseline, 'baseline' | 'root'>,
  observed: readonly FileRecord[],
  { by, reason, ticket, incident_id = null, now }: ApprovalInput,
): IntegrityBaseline {
  const approved = { by, reason, ticket, incident_id, at: now };
  return parseBaseline({ ...name, version: 1, files: [...observed].sort(byPath), approved });
}

/**
 * The next version: what was observed becomes what is expected.
 * Errors: approval_unjustified (neither ticket nor incident), baseline_invalid.
 */
export function approveBaseline(
  current: IntegrityBaseline,
  input: ApprovalInput & { observed: readonly FileRecord[] },
): IntegrityBaseline {
  const { by, reason, ticket, incident_id = null, now } = input;
  if (!isJustified({ ticket, incident_id })) throw new IntegrityError('approval_unjustified', 'ticket');
  return parseBaseline({
    ...current,
    version: current.version + 1,
    files: [...input.observed].sort(byPath),
    approved: { by, reason, ticket, incident_id, at: now },
  });
}
