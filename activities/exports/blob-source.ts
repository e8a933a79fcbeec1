import { createHash } from 'node:crypto';
import type { BlobReader, BlobStore } from '../../storage/blob-store.ts';
import { RegistryError } from './registry-error.ts';
import { reasonOfCode } from './registry-error.ts';

/** Where the blobs of an export are read. `sha256` is hex, sizes are bytes. All reject with RegistryError. */
export interface BlobSource {
  /** The size of a blob that is there to be read. */
  size(sha256: string): Promise<number>;
  /** A blob of the size that its bundle says; the last piece comes only when all of them are what the digest names. */
  read(sha256: string, size: number): AsyncIterable<Uint8Array>;
}

/**
 * Pieces as they come, the last one held back until they are `size` bytes with this digest: whoever has all of them has the
 * blob. Throws RegistryError `blob_corrupt`.
 */
export async function* requireBlob(
  sha256: string,
  size: number,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256');
  let length = 0;
  let held: Uint8Array | undefined;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > size) throw new RegistryError('blob_corrupt');
    digest.update(piece);
    if (held !== undefined) yield held;
    held = piece;
  }
  if (length !== size || digest.digest('hex') !== sha256) throw new RegistryError('blob_corrupt');
  if (held !== undefined) yield held;
}

/** The instance's own blobs, without a registry: where an override stands in for one that does not answer. */
export function storeSource(blobs: Pick<BlobStore, 'read'>, keyOf: (sha256: string) => string): BlobSource {
  const open = (sha256: string): Promise<BlobReader> =>
    blobs.read(keyOf(sha256)).catch((error: unknown) => {
      throw storeError(error);
    });
  return {
    size: async (sha256) => {
      const { length, close } = await open(sha256);
      await close();
      return length;
    },
    read: async function* (sha256, size) {
      const { chunks, close } = await open(sha256);
      try {
        yield* requireBlob(sha256, size, chunks());
      } catch (error) {
        throw storeError(error);
      } finally {
        await close();
      }
    },
  };
}

function storeError(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  return new RegistryError(reasonOfCode((error as { code?: unknown } | null)?.code) ?? 'blob_store_unreachable', error);
}
