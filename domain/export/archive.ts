// An export is one archive that follows from its content alone: the proof first, then what is proved, in the manifest's order.
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { paddingOf, TAR_END } from '../evidence/tar.ts';
import { bundleText } from '../registry/manifest.ts';
import type { BundleId, BundleManifest } from '../registry/manifest.ts';
import { memberHeader } from './pax.ts';

/** The DSSE envelope of the in-toto statement, canonical JSON. */
export const STATEMENT = 'statement.dsse.json';
/** The text that the bundle's digest is of. */
export const MANIFEST = 'manifest.json';
/** The public keys; they prove nothing to whoever has them from here alone. */
export const KEYS = 'keys.json';
/** Below this stand the files of the bundle. */
export const FOLDER = 'bundle/';

export interface ArchiveContent {
  bundle: BundleId;
  manifest: BundleManifest;
  /** The text of the envelope as it is on record: made once, sent as often as it takes. */
  statement: string;
  /** The text of the keys beside it, `keysTextOf` the statement. */
  keys: string;
}

/** Where bytes come from: they are here, or they are a blob's of the registry, all of it. `sha256` is hex. */
export type ArchiveSource = { kind: 'inline'; bytes: Uint8Array } | { kind: 'blob'; sha256: string };

export interface ArchiveMember {
  path: string;
  /** Bytes. */
  size: number;
  source: ArchiveSource;
}

const inline = (path: string, text: string): ArchiveMember => {
  const bytes = utf8ToBytes(text);
  return { path, size: bytes.length, source: { kind: 'inline', bytes } };
};

/** The files of the archive of an export, in order. */
export const archiveMembers = ({ bundle, manifest, statement, keys }: ArchiveContent): ArchiveMember[] => [
  inline(STATEMENT, statement),
  inline(MANIFEST, bundleText(bundle, manifest)),
  inline(KEYS, keys),
  ...manifest.blobs.map(({ path, size, sha256 }): ArchiveMember => ({
    path: FOLDER + path,
    size,
    source: { kind: 'blob', sha256 },
  })),
];

/** A stretch of an archive's bytes, `at` from its start. `path`: of which member; null at the archive's end. */
export interface ArchiveSegment {
  at: number;
  size: number;
  path: string | null;
  source: ArchiveSource;
}

export interface ArchiveLayout {
  /** How long the archive is. */
  bytes: number;
  /** Without gaps, from the first byte to the last: headers, files, what fills their last block, the end. */
  segments: ArchiveSegment[];
}

const LATEST = 8 ** 11 - 1;

/** Seconds since 1970 when every member was last changed, as far as a header can say it: no machine's time goes in. */
export const archiveTime = ({ created_at }: Pick<BundleManifest, 'created_at'>): number =>
  Math.min(LATEST, Math.max(0, Math.floor(Date.parse(created_at) / 1000)));

/** Where each byte of the archive comes from, so that it can be sent from any byte on. Throws RangeError beyond 2^53 bytes. */
export function archiveLayout(content: ArchiveContent): ArchiveLayout {
  const mtime = archiveTime(content.manifest);
  const segments: ArchiveSegment[] = [];
  let at = 0;
  const add = (path: string | null, size: number, source: ArchiveSource) => {
    if (size === 0) return;
    segments.push({ at, size, path, source });
    at += size;
    if (!Number.isSafeInteger(at)) throw new RangeError('no archive is that long');
  };
  const addBytes = (path: string | null, bytes: Uint8Array) => {
    add(path, bytes.length, { kind: 'inline', bytes });
  };
  archiveMembers(content).forEach(({ path, size, source }, index) => {
    addBytes(path, memberHeader(index, path, size, mtime));
    add(path, size, source);
    addBytes(path, new Uint8Array(paddingOf(size)));
  });
  addBytes(null, new Uint8Array(TAR_END));
  return { bytes: at, segments };
}
