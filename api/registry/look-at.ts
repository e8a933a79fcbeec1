import type { BlobState } from '../../db/command/verify-blob.ts';
import { BlobError } from '../../storage/blob-error.ts';
import { registryKey } from '../../storage/blob-store.ts';
import type { BlobReader, BlobStore } from '../../storage/blob-store.ts';

/** What an error of a read says of the blob itself; undefined where the store is at fault. */
export const brokenBy = (error: unknown): 'blob_missing' | 'blob_corrupt' | undefined =>
  error instanceof BlobError && (error.code === 'blob_missing' || error.code === 'blob_corrupt')
    ? error.code
    : undefined;

/** Reads all of a blob against its digest. Errors: blob_store_unreachable, blob_store_denied. */
export async function lookAt(
  blobs: Pick<BlobStore, 'read'>,
  hex: string,
): Promise<{ state: BlobState; bytes: number }> {
  let reader: BlobReader | undefined;
  let bytes = 0;
  try {
    reader = await blobs.read(registryKey(hex));
    for await (const chunk of reader.chunks()) bytes += chunk.length;
    return { state: 'intact', bytes };
  } catch (error) {
    const state = brokenBy(error);
    if (state === undefined) throw error;
    return { state, bytes: 0 };
  } finally {
    await reader?.close();
  }
}
