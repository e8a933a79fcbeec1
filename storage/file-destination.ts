import { createHash, randomUUID } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Stats } from 'node:fs';
import { chmod, link, mkdir, open, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { wholeParts } from '../domain/export/part.ts';
import { BlobError } from './blob-error.ts';
import { requireKey } from './blob-store.ts';
import type { ExportDestination, OpenExport } from './export-destination.ts';
import { writing } from './filesystem-blobs.ts';
import { codeOf, FilesystemNames, flush, MODES } from './filesystem-names.ts';

/** Names of keys never begin with a dot. */
const DRAFTS = '.drafts';
const DRAFT_MODE = 0o600;
const HANDLE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Digests that are kept at hand; those of other files are taken again. */
const REMEMBERED = 64;

/** What was received of an archive: bytes from its start, and their digest as it goes. */
interface Draft {
  size: number;
  digest: Promise<Hash>;
}

/**
 * Archives as files under `root`. Parts are appended to a draft and flushed one by one; the whole gets its name by a hard
 * link, so whoever finds the name finds all of it, and a name is never given twice.
 */
export class FileDestination implements ExportDestination {
  readonly #root: string;
  readonly #names: FilesystemNames;
  readonly #drafts = new Map<string, Draft>();
  /** Of archives that have their name. */
  readonly #named = new Map<string, Pick<Draft, 'digest'>>();
  /** Until when a draft may still get its name. */
  readonly #limits = new Map<string, AbortSignal>();

  constructor(root: string) {
    this.#root = resolve(root);
    this.#names = new FilesystemNames(this.#root, {
      link: async (draft, path) => {
        this.#limits.get(draft)?.throwIfAborted();
        await link(draft, path);
      },
    });
  }

  async open(key: string, handle: string | null): Promise<OpenExport> {
    requireKey(key);
    return writing(key, async () => {
      const found = handle === null ? undefined : await this.#found(this.#path(key, handle), handle);
      if (handle !== null && found !== undefined) return { handle, received: found.size };
      const begun = randomUUID();
      const path = this.#path(key, begun);
      await mkdir(dirname(path), { recursive: true, mode: MODES.open });
      await (await open(path, 'wx', DRAFT_MODE)).close();
      await flush(dirname(path));
      remember(this.#drafts, begun, { size: 0, digest: Promise.resolve(createHash('sha256')) });
      return { handle: begun, received: 0 };
    });
  }

  async part(key: string, handle: string, start: number, bytes: Uint8Array): Promise<void> {
    requireKey(key);
    const path = this.#path(key, handle);
    return writing(key, async () => {
      const draft = await this.#found(path, handle);
      if (draft === undefined) throw new BlobError('blob_store_unreachable', key);
      const digest = await draft.digest;
      const end = start + bytes.length;
      const file = await open(path, end <= draft.size ? 'r' : 'r+');
      try {
        if (end <= draft.size) {
          await requireSame(key, file, start, bytes);
          return;
        }
        // A gap, or parts of another size than before: nothing that could be made whole.
        if (start !== draft.size) throw new BlobError('blob_store_unreachable', key);
        await writeAt(file, start, bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      // The same part may have come twice at once.
      if (start !== draft.size) return;
      digest.update(bytes);
      draft.size = end;
    });
  }

  async complete(
    key: string,
    handle: string,
    { bytes, sha256 }: { bytes: number; sha256: string; retain_until: string | null },
    signal: AbortSignal,
  ): Promise<'stored' | 'present'> {
    requireKey(key);
    const draft = this.#path(key, handle);
    const path = join(this.#root, key);
    return writing(key, async () => {
      const held = await found(draft);
      if (held === undefined) return this.#present(key, path, sha256);
      if (held.size !== bytes || (await this.#digest(draft, handle, bytes)) !== sha256) {
        await this.abort(key, handle);
        throw new BlobError('blob_mismatch', key);
      }
      await chmod(draft, MODES.blob);
      // Of what an earlier process sent the end may not have been flushed.
      await flush(draft);
      this.#limits.set(draft, signal);
      try {
        const given = await this.#names.give(draft, path);
        // With the name of another process's making it is the same file.
        const own = given || (await stat(path)).ino === held.ino;
        if (!own) await this.#present(key, path, sha256);
        await unlink(draft);
        this.#drafts.delete(handle);
        return given ? 'stored' : 'present';
      } finally {
        this.#limits.delete(draft);
      }
    });
  }

  async abort(key: string, handle: string): Promise<void> {
    requireKey(key);
    const path = this.#path(key, handle);
    await writing(key, async () => {
      this.#drafts.delete(handle);
      await unlink(path).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error;
      });
    });
  }

  /** Throws BlobError `key_invalid` for what is no handle of ours: it would be a path. */
  #path(key: string, handle: string): string {
    if (!HANDLE.test(handle)) throw new BlobError('key_invalid', key);
    return join(this.#root, DRAFTS, handle);
  }

  /** A draft of ours, or what an earlier process left: its whole parts were flushed, what follows them may not have been. */
  async #found(path: string, handle: string): Promise<Draft | undefined> {
    const left = await found(path);
    if (left === undefined) return undefined;
    const known = this.#drafts.get(handle);
    if (known !== undefined && known.size <= left.size) return known;
    // With a second name it is the archive itself, whose sender was killed before it could say so: it is left as it is.
    const named = left.nlink > 1;
    if (!named) await chmod(path, DRAFT_MODE);
    const size = named ? left.size : wholeParts(left.size);
    return remember(this.#drafts, handle, { size, digest: digestOf(path, size) });
  }

  /** Hex, of all of a draft. What takes longer than its asker waits goes on, and is there for the next one. */
  async #digest(path: string, handle: string, bytes: number): Promise<string> {
    const known = this.#drafts.get(handle);
    const { digest } =
      known?.size === bytes ? known : remember(this.#drafts, handle, { size: bytes, digest: digestOf(path, bytes) });
    return (await digest).copy().digest('hex');
  }

  /** Throws BlobError `blob_conflict` where the name is that of other bytes, `blob_mismatch` where there is none. */
  async #present(key: string, path: string, sha256: string): Promise<'present'> {
    const named = await found(path);
    if (named === undefined) throw new BlobError('blob_mismatch', key);
    const name = [path, named.ino, named.size, named.mtimeMs].join(':');
    const { digest } = this.#named.get(name) ?? remember(this.#named, name, { digest: digestOf(path, named.size) });
    if ((await digest).copy().digest('hex') !== sha256) throw new BlobError('blob_conflict', key);
    return 'present';
  }
}

function remember<T extends { digest: Promise<Hash> }>(kept: Map<string, T>, name: string, value: T): T {
  const [oldest] = kept.keys();
  if (kept.size >= REMEMBERED && oldest !== undefined) kept.delete(oldest);
  kept.set(name, value);
  // One that failed is taken again.
  value.digest.catch(() => kept.get(name) === value && kept.delete(name));
  return value;
}

/** Undefined where there is no such file. */
const found = (path: string): Promise<Stats | undefined> =>
  stat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });

async function digestOf(path: string, size: number): Promise<Hash> {
  const digest = createHash('sha256');
  if (size === 0) return digest;
  for await (const chunk of createReadStream(path, { end: size - 1 })) digest.update(chunk as Uint8Array);
  return digest;
}

async function writeAt(file: FileHandle, start: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, start + at);
    at += bytesWritten;
  }
}

/** Throws BlobError `blob_conflict` where the file says something else there. */
async function requireSame(key: string, file: FileHandle, start: number, bytes: Uint8Array): Promise<void> {
  const there = Buffer.alloc(bytes.length);
  const { bytesRead } = await file.read(there, 0, there.length, start);
  if (bytesRead !== there.length || there.compare(bytes) !== 0) throw new BlobError('blob_conflict', key);
}
