import { ed25519 } from '@noble/curves/ed25519.js';
import { createHash, hash } from 'node:crypto';
import { sealExport } from '../../../activities/exports/seal.ts';
import type { LogProofs, SealDeps, SealRequest } from '../../../activities/exports/seal.ts';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { archiveLayout } from '../../../domain/export/archive.ts';
import type { ArchiveContent } from '../../../domain/export/archive.ts';
import type { ExportTrust } from '../../../domain/export/proof-check.ts';
import type { ExportKeys } from '../../../domain/export/provenance-key.ts';
import { keysTextOf } from '../../../domain/export/statement.ts';
import type { ExportGrant } from '../../../domain/export/types.ts';
import { verifyExport } from '../../../domain/export/verify.ts';
import type { ExportVerdict } from '../../../domain/export/verify.ts';
import { formatCheckpoint } from '../../../domain/ledger/checkpoint.ts';
import { formatNoteKey, noteKey, signNote } from '../../../domain/ledger/note.ts';
import { bundleDigest, readManifest } from '../../../domain/registry/manifest.ts';
import type { BundleManifest } from '../../../domain/registry/manifest.ts';
import { operatorKeyId } from '../../../domain/signing/operator-key.ts';
import { toBase64 } from '../../../domain/signing/base64.ts';
import { naiveLeafHash, naivePath, naiveRoot, sha256 } from '../ledger/naive-tree.ts';

export const hexOf = (bytes: Uint8Array): string => hash('sha256', bytes);
const LICENSE = Buffer.from('as is\n');
const SINCE = '2026-01-01T00:00:00.000Z';
const ORIGIN = 'interlock.test/1';

export const signerOf = (seed: number) => {
  const secret = new Uint8Array(32).fill(seed);
  const public_key = ed25519.getPublicKey(secret);
  const key_id = operatorKeyId(public_key, sha256);
  return { key_id, public_key, sign: (message: Uint8Array) => ed25519.sign(message, secret) };
};
export const PROVENANCE = signerOf(7);
const LOG_SECRET = new Uint8Array(32).fill(8);
export const LOG_KEY = noteKey(ORIGIN, ed25519.getPublicKey(LOG_SECRET), sha256);

export const KEYS: ExportKeys = {
  provenance: [{ key_id: PROVENANCE.key_id, public_key: toBase64(PROVENANCE.public_key), since: SINCE, until: null }],
  log: [formatNoteKey(LOG_KEY)],
};

export const TRUST: ExportTrust = {
  provenance: [{ key_id: PROVENANCE.key_id, public_key: PROVENANCE.public_key }],
  provenance_ids: [],
  log: [],
};
export const NO_TRUST: ExportTrust = { provenance: [], provenance_ids: [], log: [] };

export const FILES: ReadonlyMap<string, Uint8Array> = new Map([
  ['weights/part-1.bin', Buffer.alloc(3000, 1)],
  ['weights/Größe 漢字.bin', Buffer.alloc(512, 2)],
  ['empty', new Uint8Array(0)],
]);

/** The manifest of a bundle of these files and a license; throws for names that no bundle has. */
export function manifestOf(files: ReadonlyMap<string, Uint8Array>): BundleManifest {
  const read = readManifest({
    blobs: [['LICENSE', LICENSE] as const, ...files].map(([path, bytes]) => ({
      path,
      sha256: hexOf(bytes),
      size: bytes.length,
    })),
    transition_digest: `sha256:${'1'.repeat(64)}`,
    license: { id: 'MIT', sha256: hexOf(LICENSE) },
    policy_profile: 'audit-strict',
    policy_hash: `sha256:${'2'.repeat(64)}`,
    created_at: '2026-03-01T12:00:00Z',
  });
  if (!read.ok) throw new TypeError(JSON.stringify(read.fields));
  return read.manifest;
}

/** The bytes that a layout is of. */
export function bytesOf(content: ArchiveContent, files: ReadonlyMap<string, Uint8Array>): Buffer {
  const blobs = new Map([LICENSE, ...files.values()].map((bytes) => [hexOf(bytes), bytes]));
  return Buffer.concat(
    archiveLayout(content).segments.map(({ source }) =>
      source.kind === 'inline' ? source.bytes : (blobs.get(source.sha256) as Uint8Array),
    ),
  );
}

const ID = { name: 'model', version: '1.0' };
const EXPORT_ID = 'EXP-20260301-0a0b0c0d';

interface Said {
  actor: string;
  action: string;
  object?: string;
  record_hash?: string;
  at?: string;
  detail?: Record<string, unknown>;
}

/** A log of these entries and some of others, and where each of them is. */
function logOf(said: readonly Said[], digest: string) {
  const leaves = [...said, { actor: 'somebody', action: 'tested', object: 'test/1' }].map((entry) =>
    canonicalJson({
      workspace_id: 'default',
      at: entry.at ?? '2026-03-02T10:00:00.000Z',
      actor: entry.actor,
      on_behalf_of: null,
      action: entry.action,
      object: entry.object ?? `export/${EXPORT_ID}`,
      record_hash: entry.record_hash ?? null,
      record_version: null,
      detail: { digest, ...entry.detail },
      policy_digest: '3'.repeat(64),
    }),
  );
  const hashes = leaves.map((leaf) => naiveLeafHash(Buffer.from(leaf)));
  const text = formatCheckpoint({ origin: ORIGIN, size: leaves.length, root: naiveRoot(hashes), extensions: [] });
  const entries = leaves.map((leaf, index) => ({
    leaf_hash: Buffer.from(hashes[index] as Uint8Array).toString('hex'),
    leaf,
    index,
    proof: naivePath(index, hashes).map(toBase64),
  }));
  return { origin: ORIGIN, checkpoint: signNote(text, LOG_KEY, (m) => ed25519.sign(m, LOG_SECRET)), entries };
}

export const APPROVERS = [
  { actor: 'sam@example.org', role: 'safety_reviewer' },
  { actor: 'sue@example.org', role: 'security_owner' },
];

export interface Variation {
  files?: ReadonlyMap<string, Uint8Array>;
  said?: Said[];
  approvers?: { actor: string; role: string }[];
  grant?: (approvals: ExportGrant['approvals']) => ExportGrant;
  mode?: 'enforce' | 'advisory';
  deps?: Partial<SealDeps>;
  /** What the log is said to have proved. */
  log?: (log: LogProofs) => LogProofs;
}

/** A whole export, as the instance would have made it. */
export async function exportOf(vary: Variation = {}): Promise<{ content: ArchiveContent; bytes: Buffer }> {
  const files = vary.files ?? FILES;
  const manifest = manifestOf(files);
  const digest = bundleDigest(ID, manifest, sha256);
  const at = '2026-03-02T10:00:00.000Z';
  const approvers = vary.approvers ?? APPROVERS;
  const yes = approvers.map(({ actor, role }) => ({ actor, action: 'export_approval_given', detail: { role } }));
  const begin = { actor: 'export-approval', action: 'export_begin', detail: { state: 'exporting' } };
  const log = logOf([...yes, begin, ...(vary.said ?? [])], digest);
  const approvals = approvers.map(({ actor, role }, i) => ({
    actor,
    role,
    at,
    entry: log.entries[i]?.leaf_hash ?? '',
  }));
  const request: SealRequest = {
    export_id: EXPORT_ID,
    workspace_id: 'default',
    bundle: { ...ID, digest, transition_digest: manifest.transition_digest },
    manifest,
    policy_digest: '3'.repeat(64),
    mode: vary.mode ?? 'enforce',
    quorum: APPROVERS.map(({ role }) => ({ role, count: 1 })),
    grant: vary.grant?.(approvals) ?? { kind: 'approval', approvals },
    requested: { by: 'rita@example.org', on_behalf_of: null, at: SINCE, reason: 'release', ticket: 'T-1' },
  };
  const { statement } = await sealExport(request, {
    proofs: () => Promise.resolve(vary.log?.(log) ?? log),
    keys: () => Promise.resolve(KEYS),
    signer: () => PROVENANCE,
    now: () => '2026-03-02T10:00:01.000Z',
    wait: () => Promise.resolve(),
    ...vary.deps,
  });
  const content = { bundle: ID, manifest, statement, keys: keysTextOf(statement) ?? '' };
  return { content, bytes: bytesOf(content, files) };
}

/** The bytes in pieces of so many. */
export async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export const verdictOf = (bytes: Uint8Array, trust: ExportTrust = TRUST, size?: number): Promise<ExportVerdict> =>
  verifyExport(pieces(bytes, size), trust, {
    sha256,
    stream: () => {
      const digest = createHash('sha256');
      return { update: (piece) => void digest.update(piece), digest: () => digest.digest() };
    },
  });
