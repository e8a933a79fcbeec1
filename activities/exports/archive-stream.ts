import type { ArchiveLayout } from '../../domain/export/archive.ts';
import type { BlobSource } from './blob-source.ts';

/**
 * The bytes of an archive from `from` on. Blobs are read from their source as they are due, one at a time, and no further ahead
 * than the reader asks; of one that `from` lies in all is read, for its digest is of all of it. Errors: RegistryError.
 */
export async function* archiveStream(
  { segments }: ArchiveLayout,
  blobs: BlobSource,
  from = 0,
): AsyncGenerator<Uint8Array> {
  for (const { at, size, source } of segments) {
    if (at + size <= from) continue;
    let position = at;
    const pieces = source.kind === 'inline' ? [source.bytes] : blobs.read(source.sha256, size);
    for await (const piece of pieces) {
      const kept = piece.subarray(Math.max(from - position, 0));
      position += piece.length;
      if (kept.length > 0) yield kept;
    }
  }
}
