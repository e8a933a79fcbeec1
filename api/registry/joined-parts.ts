import type { BlobStore } from '../../storage/blob-store.ts';

/** The bytes of an upload's parts, one after the other. Errors: the store's. */
export async function* joinedParts(
  blobs: Pick<BlobStore, 'read'>,
  keys: readonly string[],
): AsyncGenerator<Uint8Array> {
  for (const key of keys) {
    const { chunks, close } = await blobs.read(key);
    try {
      yield* chunks();
    } finally {
      await close();
    }
  }
}
