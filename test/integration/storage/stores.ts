import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import type { BlobStore } from '../../../storage/blob-store.ts';
import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';
import { S3Blobs } from '../../../storage/s3-blobs.ts';
import { startS3 } from '../../support/s3-server.ts';
import { removeTree } from '../../support/remove-tree.ts';

/** A store of either kind, and a way to its bytes past it. */
export interface StoreUnderTest {
  blobs: BlobStore;
  /** A second writer of the same store. */
  other: BlobStore;
  flip: (key: string, at?: number) => void;
  close: () => Promise<void>;
}

export const BACKENDS = ['fs', 's3'] as const;

export async function openStore(backend: (typeof BACKENDS)[number]): Promise<StoreUnderTest> {
  if (backend === 's3') {
    const server = await startS3();
    const [blobs, other] = [new S3Blobs(server.place), new S3Blobs(server.place)];
    const close = async () => {
      blobs.close();
      other.close();
      await server.stop();
    };
    return { blobs, other, flip: server.flip, close };
  }
  const root = mkdtempSync(join(tmpdir(), 'interlock-blobs-'));
  const flip = (key: string, at = 0) => {
    const bytes = readFileSync(join(root, key));
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    chmodSync(join(root, key), 0o600);
    writeFileSync(join(root, key), bytes);
  };
  const close = async () => removeTree(root);
  return { blobs: new FilesystemBlobs(root), other: new FilesystemBlobs(root), flip, close };
}

export async function readAll(
  blobs: Pick<BlobStore, 'read'>,
  key: string,
): Promise<{ length: number; got: Buffer; error?: unknown }> {
  const { length, chunks, close } = await blobs.read(key);
  const got: Uint8Array[] = [];
  try {
    for await (const chunk of chunks()) got.push(chunk);
    return { length, got: Buffer.concat(got) };
  } catch (error) {
    return { length, got: Buffer.concat(got), error };
  } finally {
    await close();
  }
}

export async function* pieces(...list: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* list;
}
