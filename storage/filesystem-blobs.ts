import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, open, opendir, readFile, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { BlobError } from './blob-error.ts';
import { requireContent, requireContentOf, requireKey, requirePrefix } from './blob-store.ts';
import type { BlobReader, BlobStore } from './blob-store.ts';

/** Blobs are read-only, and so are their folders but for the moment in which one gets a name. */
const MODES = { blob: 0o400, sealed: 0o500, open: 0o700 } as const;
/** Names of keys never begin with a dot. */
const DRAFTS = '.drafts';
/** A draft this old is of a writer that ended before its blob had a name. */
const ABANDONED_MS = 3_600_000;
/** Another process may seal a folder between our opening it and our writing to it. */
const ATTEMPTS = 5;
const PIECE = 256 * 1024;

/** What gives a draft its name: at once, or not at all, and never in place of another. */
export interface FilesystemSteps {
  link: (draft: string, path: string) => Promise<void>;
}

/**
 * Blobs as files under `root`. A blob is written as a draft and flushed before a hard link gives it its name, so whoever
 * finds the name finds all of it; then the folder is flushed, so that the name stays.
 */
export class FilesystemBlobs implements BlobStore {
  readonly #root: string;
  readonly #steps: FilesystemSteps;
  #naming: Promise<unknown> = Promise.resolve();

  constructor(root: string, steps: FilesystemSteps = { link }) {
    this.#root = resolve(root);
    this.#steps = steps;
  }

  async put(key: string, bytes: Uint8Array): Promise<'stored' | 'present'> {
    requireKey(key);
    requireContent(key, bytes);
    return answering(key, async () => {
      const draft = await this.#write(bytes);
      try {
        const named = this.#naming.then(() => this.#name(draft, join(this.#root, key)));
        this.#naming = named.catch(() => undefined);
        if (await named) return 'stored';
      } finally {
        await unlink(draft);
      }
      if (Buffer.compare(await readFile(join(this.#root, key)), bytes) !== 0) throw new BlobError('blob_conflict', key);
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
      const file = await open(join(this.#root, key), 'r');
      const { size } = await file.stat();
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for await (const piece of file.createReadStream({ highWaterMark: PIECE, autoClose: false }))
          yield piece as Uint8Array;
      }
      return { length: size, chunks: () => requireContentOf(key, pieces()), close: () => file.close() };
    });
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

  /** False when the name is taken. */
  async #name(draft: string, path: string): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      const folders = await this.#openFolders(dirname(path));
      try {
        await this.#steps.link(draft, path);
        for (const folder of folders) await flush(folder);
        return true;
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false;
        if (codeOf(error) !== 'EACCES' || attempt === ATTEMPTS) throw error;
      } finally {
        for (const folder of folders.slice(0, -1)) await chmod(folder, MODES.sealed);
      }
    }
  }

  /** The folders from this one up to the root, there and open; a new one needs the one above to be flushed as well. */
  async #openFolders(folder: string): Promise<string[]> {
    if (folder === this.#root) return [folder];
    const above = await this.#openFolders(dirname(folder));
    await mkdir(folder, { mode: MODES.open }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    await chmod(folder, MODES.open);
    return [folder, ...above];
  }
}

async function flush(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;

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
