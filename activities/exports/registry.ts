import { hash } from 'node:crypto';
import type { ExportBundle } from '../../domain/export/types.ts';
import { digestName } from '../../domain/registry/digest.ts';
import { bundleDigest, readManifest } from '../../domain/registry/manifest.ts';
import type { BundleId, BundleManifest } from '../../domain/registry/manifest.ts';
import { requireBlob } from './blob-source.ts';
import type { BlobSource } from './blob-source.ts';
import { RegistryError, reasonOfAnswer } from './registry-error.ts';
import type { RegistryReason } from './registry-error.ts';
import { ask, piecesOf, textOf } from './registry-request.ts';
import type { RegistryAccess, RegistryAnswer } from './registry-request.ts';

export interface RegisteredBundle {
  bundle: ExportBundle;
  manifest: BundleManifest;
}

/** The registry that exports are checked against, over HTTP. All reject with RegistryError. */
export interface Registry extends BlobSource {
  bundle(id: BundleId): Promise<RegisteredBundle>;
}

/** A bundle of a thousand blobs with long paths. */
const LONGEST_BUNDLE = 1024 * 1024;
const LONGEST_REFUSAL = 64 * 1024;
const OK = 200;

export function httpRegistry(access: RegistryAccess): Registry {
  const blobPath = (sha256: string) => `/v1/registry/blobs/${digestName(sha256)}`;
  return {
    bundle: async (id) => {
      const path = `/v1/registry/bundles/${encodeURIComponent(id.name)}/${encodeURIComponent(id.version)}`;
      return ask(access, 'GET', path, LONGEST_BUNDLE, async (answer) => {
        if (answer.status !== OK) throw await refusal(answer, 'bundle');
        return bundleOf(id, await textOf(answer, LONGEST_BUNDLE));
      });
    },
    size: async (sha256) => {
      const size = await ask(access, 'HEAD', blobPath(sha256), 0, async ({ status, headers }) =>
        status === OK ? Number(headers.get('content-length') ?? Number.NaN) : undefined,
      );
      if (size !== undefined) return size;
      // The answer to HEAD has no body, and so no code: it is asked for why.
      throw await why(access, blobPath(sha256));
    },
    read: (sha256, size) => requireBlob(sha256, size, blobPieces(access, blobPath(sha256), size)),
  };
}

async function* blobPieces(access: RegistryAccess, path: string, size: number): AsyncGenerator<Uint8Array> {
  let begun = false;
  try {
    for await (const piece of piecesOf(access, path, size, refusal)) {
      begun = true;
      yield piece;
    }
  } catch (error) {
    // A registry that finds a blob broken, or quarantined, on the way cuts the answer off and says so to who asks again.
    if (!begun || !(error instanceof RegistryError) || error.code !== 'registry_unreachable') throw error;
    throw await why(access, path);
  }
}

/** Why a blob is not given, or registry_unreachable where it is given now. */
async function why(access: RegistryAccess, path: string): Promise<RegistryError> {
  return ask(access, 'GET', path, 0, async (answer) =>
    answer.status === OK ? new RegistryError('registry_unreachable') : refusal(answer, 'blob'),
  );
}

async function refusal(answer: RegistryAnswer, about: 'bundle' | 'blob'): Promise<RegistryError> {
  return new RegistryError(reasonOfAnswer(answer.status, codeOf(await textOf(answer, LONGEST_REFUSAL)), about));
}

function codeOf(text: string): unknown {
  return (jsonOf(text) as { code?: unknown } | null | undefined)?.code;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A manifest that is not the one its digest names was changed on the way, or where it lies. */
function bundleOf(id: BundleId, text: string): RegisteredBundle {
  const given = jsonOf(text) as { digest?: unknown; manifest?: unknown } | null | undefined;
  // Whatever answers so is no registry.
  if (typeof given?.manifest !== 'object' || given.manifest === null) throw new RegistryError('registry_unreachable');
  // It is answered with the name and the version that its digest is of as well.
  const { name, version, ...rest } = given.manifest as Record<string, unknown>;
  const { bundle, manifest } = requireManifest(id, rest);
  if (name !== id.name || version !== id.version || digestName(bundle.digest) !== given.digest)
    throw new RegistryError('blob_corrupt');
  return { bundle, manifest };
}

/** A manifest as it was given, with the digest that it has under this name. Throws RegistryError, by what is wrong with it. */
export function requireManifest(id: BundleId, value: unknown): RegisteredBundle {
  const read = readManifest(value);
  if (!read.ok) throw new RegistryError(reasonOfFields(read.fields.map(({ path, code }) => `${path} ${code}`)));
  const { manifest } = read;
  const { name, version } = id;
  const digest = bundleDigest({ name, version }, manifest, sha256);
  return { bundle: { name, version, digest, transition_digest: manifest.transition_digest }, manifest };
}

function reasonOfFields(fields: string[]): RegistryReason {
  if (fields.every((field) => /^license\b/.test(field))) return 'license_missing';
  if (fields.every((field) => /^policy_(profile|hash) /.test(field))) return 'profile_unpinned';
  return 'blob_corrupt';
}

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');
