import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, open, opendir, readFile, stat, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { BlobError } from './blob-error.ts';
import {
  contentDigest,
  requireContent,
  requireContentOf,
  requireKey,
  requirePrefix,
  requireSame,
} from './blob-store.ts';
import type { BlobReader, BlobStore, StagedBlob } from './blob-store.ts';
import { codeOf, FilesystemNames, MODES } from './filesystem-names.ts';
import type { FilesystemSteps } from './filesystem-names.ts';

/** Names of keys never begin with a dot. */
const DRAFTS = '.drafts';
/** A draft this old is of a writer that ended before its blob had a name. */
const ABANDONED_MS = 3_600_000;
const PIECE = 256 * 1024;

/**
 * Blobs as files under `root`. A blob is written as a draft and flushed before a hard link gives it its name, so whoever
 * finds the name finds all of it; then the folder is flushed, so that the name stays.
 */
export class FilesystemBlobs implements BlobStore {
  readonly #root: string;
  readonly #names: FilesystemNames;

  constructor(root: string, steps?: FilesystemSteps) {
    this.#root = resolve(root);
    this.#names = new FilesystemNames(this.#root, steps);
  }

  async put(key: string, bytes: Uint8Array): Promise<'stored' | 'present'> {
    requireKey(key);
    requireContent(key, bytes);
    return answering(key, async () => {
      const draft = await this.#write(bytes);
      try {
        if (await this.#names.give(draft, join(this.#root, key))) return 'stored';
      } finally {
        await unlink(draft);
      }
      requireSame(key, await readFile(join(this.#root, key)), bytes);
      return 'present';
    });
  }

  async get(key: string): Promise<Uint8Array> {
    requireKey(key);
    return answering(key, async () => {
      const bytes = await readFile(join(this.#root, key));
      requireContent(key, bytes);
      return bytes;
    });
  }

  async read(key: string): Promise<BlobReader> {
    requireKey(key);
    return answering(key, async () => {
      const file = await open(join(this.#root, key), 'r').catch((error: unknown) => this.#absent(key, error));
      const { size } = await file.stat();
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for await (const piece of file.createReadStream({ highWaterMark: PIECE, autoClose: false }))
          yield piece as Uint8Array;
      }
      return { length: size, chunks: () => requireContentOf(key, pieces()), close: () => file.close() };
    });
  }

  async stage(key: string, chunks: AsyncIterable<Uint8Array>, limit: number): Promise<StagedBlob> {
    requireKey(key);
    const source: { error?: Error } = {};
    async function* received(): AsyncGenerator<Uint8Array> {
      try {
        yield* chunks;
      } catch (error) {
        source.error = error as Error;
        throw error;
      }
    }
    try {
      const { draft, size } = await this.#receive(key, received(), limit);
      const keep = () =>
        writing(key, async () => ((await this.#names.give(draft, join(this.#root, key))) ? 'stored' : 'present'));
      const replace = () => writing(key, () => this.#names.move(draft, join(this.#root, key)));
      return { size, keep, replace, discard: () => unlink(draft).catch(() => undefined) };
    } catch (error) {
      throw source.error ?? unwritten(key, error);
    }
  }

  async remove(key: string): Promise<boolean> {
    requireKey(key);
    return writing(key, () => this.#names.take(join(this.#root, key)));
  }

  async *list(prefix: string): AsyncGenerator<string> {
    requirePrefix(prefix);
    const folder = await opendir(join(this.#root, prefix)).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw failed(prefix, error);
    });
    if (folder === undefined) return;
    for await (const entry of folder) {
      const { name } = entry;
      if (name.startsWith('.')) continue;
      if (entry.isDirectory()) yield* this.list(`${prefix}${name}/`);
      else yield `${prefix}${name}`;
    }
  }

  /** Removes drafts that writers left when they were killed. */
  async sweep(now = Date.now()): Promise<void> {
    const drafts = join(this.#root, DRAFTS);
    await answering(DRAFTS, async () => {
      await mkdir(drafts, { recursive: true, mode: MODES.open });
      for await (const { name } of await opendir(drafts)) {
        const path = join(drafts, name);
        const seen = await stat(path).catch(() => undefined);
        if (seen !== undefined && now - seen.mtimeMs > ABANDONED_MS) await unlink(path).catch(() => undefined);
      }
    });
  }

  /** The folder is made by the first blob: one that could be made is as good. */
  /** A file is the only one that ever had its name. */
  versions(key: string): AsyncIterable<BlobReader> {
    requireKey(key);
    return Readable.from([]) as AsyncIterable<BlobReader>;
  }

  async reach(): Promise<void> {
    await answering('', () => access(this.#root, constants.R_OK | constants.X_OK)).catch((error: unknown) => {
      throw unwritten('', error);
    });
  }

  close(): void {
    // Files are open only while they are read.
  }

  /** Where the root itself is gone nobody can tell what was in it. */
  async #absent(key: string, error: unknown): Promise<never> {
    await stat(this.#root).catch((cause: unknown) => {
      throw new BlobError('blob_store_unreachable', key, cause);
    });
    throw error;
  }

  /** A draft of what came, flushed; of what is not what the key names, or is too long, nothing is left. */
  async #receive(
    key: string,
    chunks: AsyncIterable<Uint8Array>,
    limit: number,
  ): Promise<{ draft: string; size: number }> {
    await mkdir(join(this.#root, DRAFTS), { recursive: true, mode: MODES.open });
    const draft = join(this.#root, DRAFTS, randomUUID());
    const file = await open(draft, 'wx', MODES.blob);
    const digest = createHash('sha256');
    let size = 0;
    try {
      for await (const chunk of chunks) {
        size += chunk.length;
        if (size > limit) throw new BlobError('blob_too_large', key);
        digest.update(chunk);
        await file.writeFile(chunk);
      }
      const named = contentDigest(key);
      if (named !== undefined && named !== digest.digest('hex')) throw new BlobError('blob_mismatch', key);
      await file.sync();
    } catch (error) {
      await unlink(draft).catch(() => undefined);
      throw error;
    } finally {
      await file.close();
    }
    return { draft, size };
  }

  async #write(bytes: Uint8Array): Promise<string> {
    await mkdir(join(this.#root, DRAFTS), { recursive: true, mode: MODES.open });
    const draft = join(this.#root, DRAFTS, randomUUID());
    const file = await open(draft, 'wx', MODES.blob);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    return draft;
  }
}

function failed(key: string, error: unknown): BlobError {
  if (error instanceof BlobError) return error;
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return new BlobError('blob_missing', key, error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return new BlobError('blob_store_denied', key, error);
  return new BlobError('blob_store_unreachable', key, error);
}

async function answering<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failed(key, error);
  }
}

/** A folder that is not there where one is written is no missing blob: the store is at fault. */
function unwritten(key: string, error: unknown): BlobError {
  const known = failed(key, error);
  return known.code === 'blob_missing' ? new BlobError('blob_store_unreachable', key, error) : known;
}

/** What failed while the store was written to, as a BlobError. */
export async function writing<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unwritten(key, error);
  }
}
