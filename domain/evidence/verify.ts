// Evidence is what its manifest says, and the manifest is what the log says: whoever has the log's key needs nobody's word.
import type { Sha256 } from '../canonical/hash.ts';
import { canonicalJson } from '../canonical/json.ts';
import { openCheckpoint } from '../ledger/checkpoint.ts';
import type { Checkpoint } from '../ledger/checkpoint.ts';
import { parseLeaf } from '../ledger/entry.ts';
import type { LedgerLeaf } from '../ledger/entry.ts';
import { LedgerError } from '../ledger/error.ts';
import type { NoteKey } from '../ledger/note.ts';
import { verifyInclusion } from '../ledger/proof.ts';
import { copyOf, leafHash } from '../ledger/tree.ts';
import { decodeUtf8Strict } from '../json/utf8.ts';
import { fromBase64 } from '../signing/base64.ts';
import { MANIFEST, MANIFEST_PROOF, parseManifest, parseProof, PROOFS, proofsSchema } from './manifest.ts';
import type { EntryProof, EvidenceManifest } from './manifest.ts';

/**
 * - `manifest_missing`, `manifest_malformed`: there is nothing to hold the files against;
 * - `manifest_unproven`: no ledger entry stands beside the manifest;
 * - `manifest_altered`: the ledger entry names another manifest;
 * - `proof_wrong`: a ledger entry is not in the log that the key signed, as it stands here;
 * - `file_missing`, `file_unlisted`, `file_altered`: against the manifest;
 * - `history_differs`: a history is not the one that the server stored;
 * - `key_missing`: there is no key to open a checkpoint with.
 */
export type EvidenceCode =
  | 'manifest_missing'
  | 'manifest_malformed'
  | 'manifest_unproven'
  | 'manifest_altered'
  | 'proof_wrong'
  | 'file_missing'
  | 'file_unlisted'
  | 'file_altered'
  | 'history_differs'
  | 'key_missing';

export interface EvidenceFinding {
  code: EvidenceCode;
  where: string;
  detail: string;
}

export interface EvidenceVerdict {
  manifest: EvidenceManifest | undefined;
  /** Hex SHA-256 of the manifest. */
  manifest_digest: string | undefined;
  /** The entry `evidence_collected`, proven. */
  collected: LedgerLeaf | undefined;
  proven_entries: number;
  /** Histories whose digest, as the server stored them, a proven entry names. */
  proven_histories: number;
  findings: EvidenceFinding[];
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Everything that is wrong with the files of an archive, by path. `keyOf` is given what the manifest says is the key. */
export function verifyEvidence(
  files: ReadonlyMap<string, Uint8Array>,
  keyOf: (own: string | null) => NoteKey | undefined,
  sha256: Sha256,
): EvidenceVerdict {
  const findings: EvidenceFinding[] = [];
  const add = (code: EvidenceCode, where: string, detail: string) => findings.push({ code, where, detail });
  const none = { manifest: undefined, manifest_digest: undefined, collected: undefined };
  const nothing = { ...none, proven_entries: 0, proven_histories: 0, findings };
  const bytes = files.get(MANIFEST);
  if (bytes === undefined) {
    add('manifest_missing', MANIFEST, 'there is no manifest');
    return nothing;
  }
  const manifest_digest = hex(sha256(bytes));
  const manifest = parseManifest(bytes);
  if (manifest === undefined) add('manifest_malformed', MANIFEST, 'it is no manifest');
  const key = keyOf(manifest?.log_key ?? null);
  if (key === undefined) add('key_missing', MANIFEST, 'no key was passed, and none stands in it');
  const entries = key === undefined ? undefined : new EntryVerifier(key, sha256);
  const collected = entries === undefined ? undefined : provenManifest(files.get(MANIFEST_PROOF), entries, add);
  if (collected !== undefined && !names(collected, manifest_digest, manifest))
    add('manifest_altered', MANIFEST, 'the ledger has another manifest on record');
  if (manifest === undefined) return { ...nothing, manifest_digest, collected };
  checkFiles(files, manifest, sha256, add);
  const proven = entries === undefined ? [] : provenEntries(files.get(PROOFS), entries, add);
  const stored = new Set(proven.map((leaf) => leaf.action === 'process_history_stored' && leaf.detail['digest']));
  const proven_histories = manifest.files.filter(
    (file) => file.stored_sha256 !== undefined && stored.has(file.stored_sha256),
  ).length;
  const verdict = { manifest, manifest_digest, collected, findings };
  return { ...verdict, proven_entries: proven.length, proven_histories };
}

type Add = (code: EvidenceCode, where: string, detail: string) => void;

const names = (leaf: LedgerLeaf, manifest_digest: string, manifest: EvidenceManifest | undefined): boolean =>
  leaf.action === 'evidence_collected' &&
  leaf.detail['manifest_digest'] === manifest_digest &&
  (manifest === undefined || leaf.object === `incident/${manifest.incident}`);

function provenManifest(bytes: Uint8Array | undefined, entries: EntryVerifier, add: Add): LedgerLeaf | undefined {
  if (bytes === undefined) {
    add('manifest_unproven', MANIFEST_PROOF, 'there is no ledger entry of it');
    return undefined;
  }
  const value = jsonOf(bytes);
  const proof = parseProof(value);
  // Nothing but this file vouches for its bytes: a second spelling would be an alteration that nobody finds.
  if (proof === undefined || canonicalJson(proof) !== decodeUtf8Strict(bytes)) {
    add('proof_wrong', MANIFEST_PROOF, 'it is no proof, or spelled otherwise');
    return undefined;
  }
  try {
    return entries.leafOf(proof);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    add('proof_wrong', MANIFEST_PROOF, error.message);
    return undefined;
  }
}

function checkFiles(
  files: ReadonlyMap<string, Uint8Array>,
  manifest: EvidenceManifest,
  sha256: Sha256,
  add: Add,
): void {
  const listed = new Set([MANIFEST, MANIFEST_PROOF]);
  for (const { path, sha256: digest, bytes, redactions, stored_sha256 } of manifest.files) {
    if (listed.has(path)) add('manifest_malformed', path, 'the manifest lists it twice, or itself');
    listed.add(path);
    const found = files.get(path);
    if (found === undefined) add('file_missing', path, 'the manifest lists it');
    else if (found.length !== bytes) add('file_altered', path, `it has ${found.length} bytes, it had ${bytes}`);
    else if (hex(sha256(found)) !== digest) add('file_altered', path, 'its SHA-256 is another');
    if (stored_sha256 !== undefined && redactions === 0 && stored_sha256 !== digest)
      add('history_differs', path, 'it is not what the server stored');
  }
  for (const path of files.keys()) if (!listed.has(path)) add('file_unlisted', path, 'the manifest does not list it');
}

function provenEntries(bytes: Uint8Array | undefined, entries: EntryVerifier, add: Add): LedgerLeaf[] {
  if (bytes === undefined) return [];
  const list = proofsSchema.safeParse(jsonOf(bytes)).data;
  if (list === undefined) {
    add('proof_wrong', PROOFS, 'it is no list of proofs');
    return [];
  }
  return list.flatMap((proof) => {
    try {
      return [entries.leafOf(proof)];
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      add('proof_wrong', `${PROOFS}, entry ${proof.epoch}-${proof.index}`, error.message);
      return [];
    }
  });
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8Strict(bytes));
  } catch {
    return undefined;
  }
}

/** Opens each checkpoint once: entries that were asked for together share theirs. */
export class EntryVerifier {
  readonly #key: NoteKey;
  readonly #sha256: Sha256;
  readonly #opened = new Map<string, Checkpoint>();

  constructor(key: NoteKey, sha256: Sha256) {
    this.#key = key;
    this.#sha256 = sha256;
  }

  /** The entry, proven. Errors: LedgerError. */
  leafOf({ epoch, index, leaf, proof, checkpoint: note }: EntryProof): LedgerLeaf {
    const checkpoint = this.#opened.get(note) ?? openCheckpoint(note, [this.#key], this.#key.name);
    this.#opened.set(note, checkpoint);
    if (!checkpoint.origin.endsWith(`/${epoch}`)) throw new LedgerError('origin_mismatch', 'it is of another epoch');
    const bytes = new TextEncoder().encode(leaf);
    const hashes = proof.map((text) => {
      const hash = fromBase64(text);
      if (hash === null) throw new LedgerError('proof_malformed', 'it holds what is no hash');
      return hash;
    });
    const { size, root } = checkpoint;
    const claim = { leafHash: copyOf(leafHash(bytes, this.#sha256)), index, size, root, proof: hashes };
    if (!verifyInclusion(claim, this.#sha256))
      throw new LedgerError('proof_malformed', 'it does not lead from the entry to the signed root');
    return parseLeaf(bytes);
  }
}
