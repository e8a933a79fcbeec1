// A bundle is what its signature is over or it is not; which part was altered is found by its other parts.
import { parseNoteKey } from '../ledger/note.ts';
import type { NoteKey } from '../ledger/note.ts';
import { LedgerError } from '../ledger/error.ts';
import { BundleReader } from './bundle-reader.ts';
import type { ForensicCrypto } from './crypto.ts';
import { ProblemList } from './problem.ts';
import type { ForensicProblem } from './problem.ts';
import { checkEd25519, checkMac, hashThatCounts } from './signatures.ts';
import type { Check, ForensicTrust } from './signatures.ts';

export interface ForensicVerdict {
  /** Empty when nothing was altered. The first hundred of `problem_count`. */
  problems: readonly ForensicProblem[];
  problem_count: number;
  signature: Check;
  signature_ed25519: Check;
  /** Unchecked: it was not signed by anyone known, but the entries may still have its root. */
  checkpoint: Check;
  /** The values are those that were exported, but not byte for byte as they were written. */
  respelled: boolean;
  key_id: string | null;
  exported_at: string | null;
  bundle_hash: string | null;
  incidents: number;
  audit_entries: number;
  /** Entries under the signed checkpoint; the others came after it, or are of an epoch that ended, and are only listed. */
  proven_entries: number;
  log: { origin: string; size: number } | null;
}

/** Reads a bundle to its end and says what is wrong with it. What it holds in memory does not grow with the payload's bytes. */
export async function verifyBundle(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  trust: ForensicTrust,
  crypto: ForensicCrypto,
): Promise<ForensicVerdict> {
  const problems = new ProblemList();
  const reader = new BundleReader(crypto, problems);
  for await (const chunk of chunks) if (!reader.push(chunk)) break;
  reader.end();
  return judge(reader, trust, problems);
}

function judge(reader: BundleReader, trust: ForensicTrust, problems: ProblemList): ForensicVerdict {
  const whole = reader.complete;
  const hash = whole ? hashThatCounts(reader, trust, problems) : null;
  const signature = hash === null ? 'unchecked' : checkMac(reader, hash, trust, problems);
  const keys = hash === null ? null : ledgerKeys(reader, trust, signature === 'good' && hash.own);
  const signature_ed25519 = hash === null || keys === null ? 'unchecked' : checkEd25519(reader, hash, keys, problems);
  const before = problems.count;
  const vouched = hash?.own === true && (signature_ed25519 === 'unchecked' ? signature : signature_ed25519) === 'good';
  const log = whole ? reader.log.judge(reader.ledger, keys, vouched) : null;
  const signed = keys === null || !whole ? 'unchecked' : log === null ? 'bad' : 'good';
  const checkpoint = signed === 'good' && problems.count > before ? 'bad' : signed;
  const { key_id, exported_at, bundle_hash } = reader.texts;
  return {
    problems: problems.listed,
    problem_count: problems.count,
    signature,
    signature_ed25519,
    checkpoint,
    respelled: reader.respelled,
    key_id: key_id ?? null,
    exported_at: exported_at ?? null,
    bundle_hash: bundle_hash ?? null,
    incidents: reader.records.incidents,
    audit_entries: reader.log.entries,
    proven_entries: log?.proven ?? 0,
    log: log === null ? null : { origin: log.checkpoint.origin, size: log.checkpoint.size },
  };
}

/** What the bundle says of the log's key counts when the HMAC vouches for the members. */
function ledgerKeys(reader: BundleReader, { ledgerKeys: given }: ForensicTrust, vouched: boolean): NoteKey[] | null {
  if (given.length > 0) return [...given];
  if (!vouched || reader.verifierKey === undefined) return null;
  try {
    return [parseNoteKey(reader.verifierKey, reader.crypto.sha256)];
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}
