// A bundle is its manifest: every file by its digest, what it was made from, under which license and which policy. One text, one digest.
import { hashCanonical, isSha256Hex } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { canonicalJson } from '../canonical/json.ts';
import type { FieldProblem } from '../problem/field-problem.ts';
import { digestHex } from './digest.ts';

export interface BundleBlob {
  /** Where the file stands in the bundle: names joined by `/`, none of them `.` or `..`. */
  path: string;
  /** Hex. */
  sha256: string;
  /** Bytes. */
  size: number;
}

export interface BundleManifest {
  blobs: BundleBlob[];
  /** What the bundle is the outcome of, `sha256:…`. */
  transition_digest: string;
  /** The SPDX expression or the id of the license, and the digest of its text, which is one of the blobs. */
  license: { id: string; sha256: string };
  policy_profile: string;
  /** `sha256:…` */
  policy_hash: string;
  /** RFC 3339, UTC. */
  created_at: string;
}

export interface BundleId {
  name: string;
  version: string;
}

export const BLOBS_PER_BUNDLE = 1000;
const MAX_BLOB = 2 ** 50;
const PART = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/;
const VERSION = /^[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,126}[A-Za-z0-9])?$/;
const PROFILE = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
const LICENSE = /^[\x20-\x7e]{1,256}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/;

export const isBundleName = (text: string): boolean => PART.test(text);
export const isBundleVersion = (text: string): boolean => VERSION.test(text);

/** Names of files, without what a file system, a shell or a browser would read as something else. */
export function isBundlePath(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 1024) return false;
  if (/[\u0000-\u001f\u007f-\u009f\\:]/.test(value) || !value.isWellFormed() || value !== value.normalize('NFC'))
    return false;
  return value
    .split('/')
    .every((part) => part !== '' && part.length <= 255 && part.trim() === part && !/^\.+$/.test(part));
}

type Rule = (value: unknown) => boolean;
const text =
  (pattern: RegExp): Rule =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const isHex: Rule = (value) => typeof value === 'string' && isSha256Hex(value);
const isName: Rule = (value) => digestHex(value) !== undefined;
const isSize: Rule = (value) => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= MAX_BLOB;
const isInstant: Rule = (value) => text(INSTANT)(value) && !Number.isNaN(Date.parse(String(value)));
const anything: Rule = () => true;

const MANIFEST: Record<keyof BundleManifest, Rule> = {
  blobs: (value) => Array.isArray(value) && value.length >= 1 && value.length <= BLOBS_PER_BUNDLE,
  transition_digest: isName,
  license: anything,
  policy_profile: text(PROFILE),
  policy_hash: isName,
  created_at: isInstant,
};
const LICENSE_RULES = { id: text(LICENSE), sha256: isHex };
const BLOB_RULES = { path: isBundlePath, sha256: isHex, size: isSize };

/** What is wrong with the members of an object that has these and no others. */
function problems(value: unknown, rules: Record<string, Rule>, at: string): FieldProblem[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [{ path: at, code: 'invalid_type' }];
  const given = value as Record<string, unknown>;
  const path = (name: string) => (at === '' ? name : `${at}.${name}`);
  const strange = Object.keys(given).filter((name) => !Object.hasOwn(rules, name));
  return [
    ...strange.map((name) => ({ path: path(name.slice(0, 64)), code: 'unknown_field' })),
    ...Object.entries(rules).flatMap(([name, holds]) => {
      if (!Object.hasOwn(given, name)) return [{ path: path(name), code: 'required' }];
      return holds(given[name]) ? [] : [{ path: path(name), code: 'invalid_value' }];
    }),
  ];
}

/** A path twice, or one that is also the folder of another: such a bundle could not be unpacked. */
function pathProblems(blobs: readonly BundleBlob[]): FieldProblem[] {
  const seen = new Set(blobs.map((blob) => blob.path));
  const isFolder = (path: string) => {
    const parts = path.split('/');
    return parts.some((_, i) => i > 0 && seen.has(parts.slice(0, i).join('/')));
  };
  const first = new Set<string>();
  return blobs.flatMap(({ path }, i) => {
    const repeated = first.has(path);
    first.add(path);
    return repeated || isFolder(path) ? [{ path: `blobs.${i}.path`, code: 'repeated' }] : [];
  });
}

const sizesOf = (blobs: readonly BundleBlob[]): FieldProblem[] => {
  const sizes = new Map<string, number>();
  return blobs.flatMap(({ sha256, size }, i) => {
    const known = sizes.get(sha256) ?? size;
    sizes.set(sha256, known);
    return known === size ? [] : [{ path: `blobs.${i}.size`, code: 'contradicts' }];
  });
};

/** A manifest with its blobs by path, or what is wrong with it; unknown members are. */
export function readManifest(
  value: unknown,
): { ok: true; manifest: BundleManifest } | { ok: false; fields: FieldProblem[] } {
  const wrong = problems(value, MANIFEST, '');
  if (wrong.length > 0) return { ok: false, fields: wrong };
  const manifest = value as BundleManifest;
  const inside = [
    ...problems(manifest.license, LICENSE_RULES, 'license'),
    ...manifest.blobs.flatMap((blob, i) => problems(blob, BLOB_RULES, `blobs.${i}`)),
  ];
  if (inside.length > 0) return { ok: false, fields: inside.slice(0, 100) };
  const whole = [...pathProblems(manifest.blobs), ...sizesOf(manifest.blobs)];
  if (!manifest.blobs.some((blob) => blob.sha256 === manifest.license.sha256))
    whole.push({ path: 'license.sha256', code: 'license_missing' });
  if (whole.length > 0) return { ok: false, fields: whole.slice(0, 100) };
  const blobs = manifest.blobs.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { ok: true, manifest: { ...manifest, blobs } };
}

/** The text that a bundle's digest is of: its manifest with its name and version, as RFC 8785 has it. */
export const bundleText = (id: BundleId, manifest: BundleManifest): string =>
  canonicalJson({ name: id.name, version: id.version, ...manifest });

/** Hex. */
export const bundleDigest = (id: BundleId, manifest: BundleManifest, sha256: Sha256): string =>
  hashCanonical({ name: id.name, version: id.version, ...manifest }, sha256);
