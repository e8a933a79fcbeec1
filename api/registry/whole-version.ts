import { BlobError } from '../../storage/blob-error.ts';
import { registryKey } from '../../storage/blob-store.ts';
import type { BlobReader, BlobStore, StagedBlob } from '../../storage/blob-store.ts';

/** What another version than the one that was asked for may be. */
const BROKEN: readonly string[] = ['blob_missing', 'blob_corrupt', 'blob_mismatch', 'blob_too_large'];

/**
 * The newest older version of a blob that is what its digest names, staged; undefined where there is none. Errors:
 * blob_store_unreachable, blob_store_denied.
 */
export async function wholeVersion(
  blobs: Pick<BlobStore, 'versions' | 'stage'>,
  hex: string,
  bytes: number,
): Promise<StagedBlob | undefined> {
  const key = registryKey(hex);
  for await (const version of blobs.versions(key)) {
    const staged = await stagedFrom(blobs, key, version, bytes);
    if (staged !== undefined) return staged;
  }
  return undefined;
}

async function stagedFrom(
  blobs: Pick<BlobStore, 'stage'>,
  key: string,
  version: BlobReader,
  bytes: number,
): Promise<StagedBlob | undefined> {
  try {
    if (version.length !== bytes) return undefined;
    return await blobs.stage(key, version.chunks(), bytes);
  } catch (error) {
    if (error instanceof BlobError && BROKEN.includes(error.code)) return undefined;
    throw error;
  } finally {
    await version.close();
  }
}
