// A leaf is the RFC 8785 JSON of an entry: bytes that would be written differently are no leaf, whatever they mean.
import { z } from 'zod';
import { CanonicalError } from '../canonical/error.ts';
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { canonicalJson } from '../canonical/json.ts';
import { StrictJsonError } from '../json/error.ts';
import { decodeUtf8Strict } from '../json/utf8.ts';
import { LedgerError } from './error.ts';

export const MAX_LEAF_BYTES = 8192;

const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .nullable();

/**
 * `at` is RFC 3339 in UTC. `record_hash` and `record_version` pin the version of `object` that the entry is about;
 * `detail` has no free text. Digests are lowercase hex SHA-256.
 */
export const leafSchema = z.strictObject({
  workspace_id: z.string().min(1),
  at: z.iso.datetime(),
  actor: z.string().min(1),
  on_behalf_of: z.string().nullable(),
  action: z.string().min(1),
  object: z.string().min(1),
  record_hash: digest,
  record_version: z.int().min(0).nullable(),
  detail: z.record(z.string(), z.unknown()),
  policy_digest: digest,
});

/** An entry as its leaf says it. */
export type LedgerLeaf = z.infer<typeof leafSchema>;

function valueOf(bytes: Uint8Array): unknown {
  const text = decodeUtf8Strict(bytes);
  const value: unknown = JSON.parse(text);
  if (canonicalJson(value) !== text) throw new LedgerError('leaf_malformed', 'not canonical');
  return value;
}

/** The entry in a leaf. Errors: leaf_malformed (too long, no UTF-8, no JSON, not canonical, another shape). */
export function parseLeaf(bytes: Uint8Array): LedgerLeaf {
  if (bytes.length > MAX_LEAF_BYTES) throw new LedgerError('leaf_malformed', `${bytes.length} bytes`);
  let value: unknown;
  try {
    value = valueOf(bytes);
  } catch (error) {
    const expected =
      error instanceof SyntaxError || error instanceof StrictJsonError || error instanceof CanonicalError;
    throw expected ? new LedgerError('leaf_malformed', 'no JSON') : error;
  }
  const problem = leafSchema.safeParse(value).error?.issues[0];
  if (problem !== undefined) throw new LedgerError('leaf_malformed', problem.path.join('.'));
  return value as LedgerLeaf;
}

/** What a record is called by beside its content: its own hash and where the log has it. */
const NAMES = ['hash', 'ledger_index'];

/** Hex SHA-256 of a record's canonical JSON without `hash` and `ledger_index`. Errors: CanonicalError. */
export function recordHash(record: Readonly<Record<string, unknown>>, sha256: Sha256): string {
  return hashCanonical(Object.fromEntries(Object.entries(record).filter(([key]) => !NAMES.includes(key))), sha256);
}

/** Whether `record`, as its readers get it, is the version that the entry pinned; an entry that pins none matches none. */
export const pinsRecord = (
  leaf: Pick<LedgerLeaf, 'record_hash'>,
  record: Readonly<Record<string, unknown>>,
  sha256: Sha256,
): boolean => leaf.record_hash !== null && recordHash(record, sha256) === leaf.record_hash;
