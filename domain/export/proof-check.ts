// An export is proved by a key that the reader knows, of the instance or of its log; by its own keys it only agrees with itself.
import type { Sha256 } from '../canonical/hash.ts';
import { toHex } from '../canonical/hash.ts';
import { canonicalJson } from '../canonical/json.ts';
import { parseStrictJson } from '../json/strict-json.ts';
import { decodeUtf8Strict } from '../json/utf8.ts';
import { openCheckpoint } from '../ledger/checkpoint.ts';
import type { Checkpoint } from '../ledger/checkpoint.ts';
import type { LedgerLeaf } from '../ledger/entry.ts';
import { LedgerError } from '../ledger/error.ts';
import { parseNoteKey } from '../ledger/note.ts';
import type { NoteKey } from '../ledger/note.ts';
import { bundleText, readManifest } from '../registry/manifest.ts';
import type { BundleId, BundleManifest } from '../registry/manifest.ts';
import { DsseError, dsseEnvelopeSchema, verifyEnvelope } from '../signing/dsse.ts';
import type { VerificationKey } from '../signing/dsse.ts';
import { checkApprovals, letsThrough, provenEntries } from './approval-check.ts';
import { KEYS, MANIFEST, STATEMENT } from './archive.ts';
import type { ExportProblemCode } from './problem.ts';
import { exportKeysText, readExportKeys, verificationKeysOf } from './provenance-key.ts';
import type { ExportKeys } from './provenance-key.ts';
import { PAYLOAD_TYPE, readExportStatement, subjectsOf } from './statement.ts';
import type { ExportPredicate, ExportStatement } from './statement.ts';

/** What the reader knows without the archive. */
export interface ExportTrust {
  provenance: readonly VerificationKey[];
  /** Keys of which they know the id only: it is the key's digest. */
  provenance_ids: readonly string[];
  log: readonly NoteKey[];
}

export interface ProofFiles {
  statement: Uint8Array;
  manifest: Uint8Array;
  keys: Uint8Array;
}

/**
 * `key`: a provenance key that the reader knows signed the statement. `log`: they know the log's key only, which says that
 * this bundle was let through. `none`: all of it agrees with itself, and so would a forgery.
 */
export type TrustedBy = 'key' | 'log' | 'none';

export interface ProofVerdict {
  /** Undefined unless some key, be it the archive's own, signed it. */
  statement: ExportStatement | undefined;
  /** Undefined for what is none, or not the one that was signed. */
  bundle: (BundleId & { manifest: BundleManifest }) | undefined;
  /** Ids of the keys that signed. */
  signed_by: string[];
  trusted_by: TrustedBy;
  checkpoint: Checkpoint | undefined;
  proven_entries: number;
  problems: { code: ExportProblemCode; member: string; detail: string }[];
}

type Add = (code: ExportProblemCode, member: string, detail: string) => void;

/** What is wrong with the proof of an export, the files of its bundle aside. Never throws on what an archive holds. */
export function checkProof(files: ProofFiles, trust: ExportTrust, sha256: Sha256): ProofVerdict {
  const problems: ProofVerdict['problems'] = [];
  const add: Add = (code, member, detail) => problems.push({ code, member, detail });
  const keys = readExportKeys(files.keys, sha256);
  if (keys === null) add('keys_malformed', KEYS, 'it is no list of keys');
  const signed = openStatement(files.statement, { keys, trust }, add);
  const { statement } = signed;
  const bundle = readBundle(files.manifest);
  if (bundle === null) add('manifest_malformed', MANIFEST, 'it is no manifest of a bundle');
  const verdict = { statement, signed_by: signed.signed_by, problems };
  if (statement === undefined)
    return { ...verdict, bundle: bundle ?? undefined, trusted_by: 'none', checkpoint: undefined, proven_entries: 0 };

  const same = toHex(sha256(files.manifest)) === statement.predicate.bundle.digest;
  if (!same && bundle !== null)
    add('manifest_altered', MANIFEST, 'it is not the manifest of the bundle that was signed');
  if (same && bundle !== null) checkAgreement(statement, bundle, sha256, add);
  if (keys !== null && exportKeysText(keys) !== exportKeysText(statement.predicate.keys))
    add('file_altered', KEYS, 'the statement has other keys');
  const log = checkLog(statement.predicate, trust, sha256, add);
  const named = log.entries.some((leaf) => letsThrough(leaf, statement.predicate));
  const by_log = trust.log.length > 0 && log.checkpoint !== undefined;
  if (!signed.trusted && by_log && !named)
    add('bundle_unproven', STATEMENT, 'no entry of the log says that this bundle was let through');
  return {
    ...verdict,
    bundle: same && bundle !== null ? bundle : undefined,
    trusted_by: signed.trusted ? 'key' : by_log && named ? 'log' : 'none',
    checkpoint: log.checkpoint,
    proven_entries: log.entries.length,
  };
}

interface Known {
  keys: ExportKeys | null;
  trust: ExportTrust;
}

interface Signed {
  statement: ExportStatement | undefined;
  signed_by: string[];
  trusted: boolean;
}

function openStatement(bytes: Uint8Array, { keys, trust }: Known, add: Add): Signed {
  const own = keys === null ? [] : verificationKeysOf(keys.provenance);
  const trusted = [...trust.provenance, ...own.filter((key) => trust.provenance_ids.includes(key.key_id))];
  const envelope = readEnvelope(bytes);
  const none = { statement: undefined, signed_by: [], trusted: false };
  if (envelope === null) {
    add('envelope_malformed', STATEMENT, 'it is no envelope, or spelled otherwise');
    return none;
  }
  try {
    const { payload, key_ids } = verifyEnvelope(envelope, [...own, ...trusted], PAYLOAD_TYPE);
    const statement = readExportStatement(payload) ?? undefined;
    if (statement === undefined) add('statement_malformed', STATEMENT, 'what is signed is no statement of an export');
    const known = key_ids.some((id) => trusted.some((key) => key.key_id === id));
    if (!known && trust.provenance.length + trust.provenance_ids.length > 0)
      add('key_untrusted', STATEMENT, `${key_ids.join(', ')} signed it, and is none of the keys that were named`);
    return { statement, signed_by: key_ids, trusted: known };
  } catch (error) {
    if (!(error instanceof DsseError)) throw error;
    const code = error.code === 'signature_invalid' || error.code === 'key_unknown' ? error.code : 'envelope_malformed';
    add(code, STATEMENT, 'no known key has signed this');
    return none;
  }
}

function readEnvelope(bytes: Uint8Array): unknown {
  try {
    const text = decodeUtf8Strict(bytes);
    const envelope = dsseEnvelopeSchema.parse(parseStrictJson(text));
    // Nothing but the signature vouches for these bytes: a second spelling would be an alteration that nobody finds.
    return canonicalJson(envelope) === text ? envelope : null;
  } catch {
    return null;
  }
}

function readBundle(bytes: Uint8Array): (BundleId & { manifest: BundleManifest }) | null {
  try {
    const text = decodeUtf8Strict(bytes);
    const { name, version, ...rest } = parseStrictJson(text) as Record<string, unknown>;
    const read = readManifest(rest);
    if (!read.ok || typeof name !== 'string' || typeof version !== 'string') return null;
    return bundleText({ name, version }, read.manifest) === text ? { name, version, manifest: read.manifest } : null;
  } catch {
    return null;
  }
}

/** Whoever signs says one thing in the statement and in the manifest. */
function checkAgreement(
  { subject, predicate: p }: ExportStatement,
  { name, version, manifest }: BundleId & { manifest: BundleManifest },
  sha256: Sha256,
  add: Add,
): void {
  const said = [
    p.bundle.name,
    p.bundle.version,
    p.bundle.transition_digest,
    p.license,
    p.policy.profile,
    p.policy.hash,
  ];
  const { transition_digest, license, policy_profile, policy_hash } = manifest;
  const is = [name, version, transition_digest, license, policy_profile, policy_hash];
  if (canonicalJson(said) !== canonicalJson(is))
    add('statement_differs', STATEMENT, 'it says otherwise than the manifest');
  const expected = subjectsOf({ bundle: { name, version }, manifest, keys: p.keys }, sha256);
  if (canonicalJson(subject) !== canonicalJson(expected))
    add('statement_differs', STATEMENT, 'it names other files than the manifest, or names them otherwise');
}

function checkLog(
  predicate: ExportPredicate,
  trust: ExportTrust,
  sha256: Sha256,
  add: Add,
): { checkpoint: Checkpoint | undefined; entries: LedgerLeaf[] } {
  const { ledger, keys } = predicate;
  try {
    const lines = trust.log.length > 0 ? trust.log : keys.log.map((line) => parseNoteKey(line, sha256));
    const checkpoint = openCheckpoint(ledger.checkpoint, lines, ledger.origin);
    const here = (code: ExportProblemCode, detail: string) => {
      add(code, STATEMENT, detail);
    };
    const proven = provenEntries(ledger.entries, checkpoint, sha256, here);
    checkApprovals(predicate, proven, here);
    return { checkpoint, entries: [...proven.values()] };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    add('checkpoint_wrong', STATEMENT, error.message);
    return { checkpoint: undefined, entries: [] };
  }
}
