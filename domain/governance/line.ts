// The ledger of a bundle is lines, each the one RFC 8785 text of what it holds, bound to the line before by its hash.
import { z } from 'zod';
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { canonicalJson } from '../canonical/json.ts';
import { parseStrictJson } from '../json/strict-json.ts';
import { decodeUtf8Strict } from '../json/utf8.ts';
import { dsseEnvelopeSchema } from '../signing/dsse.ts';
import type { DsseEnvelope } from '../signing/dsse.ts';

/** Where the ledger lies in the folder of a bundle; it is not one of the bundle's files. */
export const LEDGER_PATH = 'governance/ledger.jsonl';

/** Beside it: the waiver that was signed and whose line has not come yet. */
export const PENDING_PATH = 'governance/.waiver-pending.json';

/** A line is far shorter; who reads a longer one reads something else. */
export const LINE_BYTES = 64 * 1024;

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const line = z.strictObject({
  seq: z.int().min(1),
  prev: hex,
  /** The waiver as it was signed; null where the line revokes one. */
  envelope: dsseEnvelopeSchema.nullable(),
  /** The instance's receipt, a DSSE envelope. */
  receipt: dsseEnvelopeSchema,
  /** Hex SHA-256 of the RFC 8785 text of the other members. */
  hash: hex,
});
export type LedgerLine = z.infer<typeof line>;

type Content = { seq: number; prev: string; envelope: DsseEnvelope | null; receipt: DsseEnvelope };

export const lineHash = ({ seq, prev, envelope, receipt }: Content, sha256: Sha256): string =>
  hashCanonical({ seq, prev, envelope, receipt }, sha256);

/** A line and its text, without the newline that ends it. */
export function makeLine(content: Content, sha256: Sha256): { line: LedgerLine; text: string } {
  const made = { ...content, hash: lineHash(content, sha256) };
  return { line: made, text: canonicalJson(made) };
}

/** The line that bytes without their newline hold, or null when they are not its one text. */
export function readLine(bytes: Uint8Array): LedgerLine | null {
  if (bytes.length > LINE_BYTES) return null;
  try {
    const text = decodeUtf8Strict(bytes);
    const value = parseStrictJson(text);
    const parsed = line.safeParse(value);
    return parsed.success && canonicalJson(value) === text ? parsed.data : null;
  } catch {
    return null;
  }
}
