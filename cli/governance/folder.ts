import { realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { bundleDigest } from '../../domain/registry/manifest.ts';
import type { BundleId, BundleManifest } from '../../domain/registry/manifest.ts';
import { digestName } from '../../domain/registry/digest.ts';
import type { Client } from '../client.ts';
import { CliError, UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { requireManifest } from '../registry/bundle.ts';
import { measure } from '../registry/put-file.ts';
import { sharedSha256 } from '../sha256.ts';

/** A published bundle and what its folder has of it. */
export interface FoundBundle extends BundleId {
  /** `sha256:…` */
  digest: string;
  manifest: BundleManifest;
}

const sha256 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(sharedSha256(bytes));

/** Files that were measured already: bundles of one transition share most of theirs. */
type Measured = Map<string, Promise<string | undefined>>;

const digestOf = (path: string, seen: Measured): Promise<string | undefined> => {
  const known =
    seen.get(path) ??
    measure(path).then(
      (m) => m.sha256,
      () => undefined,
    );
  seen.set(path, known);
  return known;
};

/** The first file of the manifest that the folder does not have as it is named, or undefined. */
async function missingFile(folder: string, manifest: BundleManifest, seen: Measured): Promise<string | undefined> {
  for (const { path, sha256: hex } of manifest.blobs)
    if ((await digestOf(join(folder, path), seen)) !== hex) return path;
  return undefined;
}

async function published(client: Client, { name, version }: BundleId): Promise<FoundBundle> {
  const path = `/v1/registry/bundles/${encodeURIComponent(name)}/${encodeURIComponent(version)}`;
  const { body } = await client.get<{ digest: string; manifest: object }>(path);
  // As it was digested, it has its name and version in it.
  const own = Object.entries(body.manifest).filter(([member]) => member !== 'name' && member !== 'version');
  const manifest = requireManifest(Object.fromEntries(own));
  const digest = digestName(bundleDigest({ name, version }, manifest, sha256));
  if (digest === body.digest) return { name, version, digest, manifest };
  throw new CliError(
    `the server’s manifest of ${name}@${version} is not what its digest names`,
    'bundle_differs',
    EXIT.no,
  );
}

/**
 * The one of these bundles that the folder holds: nobody signs for another one than they have. Every file that its manifest
 * names is read; files besides are no business of it. Errors: CliError bundle_not_found, bundle_ambiguous, bundle_differs.
 */
export async function bundleInFolder(client: Client, folder: string, ids: readonly BundleId[]): Promise<FoundBundle> {
  const seen: Measured = new Map();
  const held: FoundBundle[] = [];
  let lacking = '';
  for (const id of ids) {
    const bundle = await published(client, id);
    const missing = await missingFile(folder, bundle.manifest, seen);
    if (missing === undefined) held.push(bundle);
    else lacking = `: ${missing} is not there as ${id.name}@${id.version} names it`;
  }
  const [only, other] = held;
  if (only === undefined)
    throw new CliError(
      ids.length === 0
        ? 'no bundle of this transition is published in the workspace'
        : `the folder holds none of the bundles of this transition${lacking}`,
      ids.length === 0 ? 'bundle_not_found' : 'bundle_differs',
      EXIT.no,
    );
  if (other === undefined) return only;
  const names = held.map(({ name, version }) => `${name}@${version}`).join(', ');
  throw new CliError(`the folder holds ${names}: say which by --name and --version`, 'bundle_ambiguous', EXIT.usage);
}

/**
 * The digest of the license document, `sha256:…`: a file inside the folder, and the one that the manifest names as the
 * license. Errors: UsageError, CliError license_differs.
 */
export async function licenseOf(folder: string, file: string, bundle: FoundBundle, command: string): Promise<string> {
  const unreadable = (error: unknown): never => {
    throw new UsageError(`the license ${file} cannot be read (${String((error as { code?: unknown }).code)})`, command);
  };
  const [root, path] = await Promise.all([realpath(folder), realpath(file)]).catch(unreadable);
  const inside = relative(root, path).split(sep).join('/');
  if (inside === '' || inside.startsWith('../') || inside === '..' || inside.startsWith('/'))
    throw new UsageError(`the license ${file} is not in the folder of the bundle`, command);
  const { sha256: hex } = await measure(path);
  const { license, blobs } = bundle.manifest;
  if (hex === license.sha256 && blobs.some((blob) => blob.path === inside && blob.sha256 === hex))
    return digestName(hex);
  throw new CliError(`${inside} is not the license that the manifest of the bundle names`, 'license_differs', EXIT.no);
}
