import { createHash, randomUUID } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
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
/** Digests of what was received so far; of a draft that is not among them it is taken again from the file. */
const REMEMBERED = 64;

/** What was received of an archive: bytes from its start, and their digest as it goes. */
interface Draft {
  size: number;
  digest: Hash;
}

/**
 * Archives as files under `root`. Parts are appended to a draft and flushed one by one; the whole gets its name by a hard
 * link, so whoever finds the name finds all of it, and a name is never given twice.
 */
export class FileDestination implements ExportDestination {
  readonly #root: string;
  readonly #names: FilesystemNames;
  readonly #drafts = new Map<string, Draft>();
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
      this.#forget(handle ?? '');
      const found = handle === null ? undefined : await this.#find(this.#path(key, handle), handle);
      if (handle !== null && found !== undefined) return { handle, received: found.size };
      const begun = randomUUID();
      const path = this.#path(key, begun);
      await mkdir(dirname(path), { recursive: true, mode: MODES.open });
      await (await open(path, 'wx', DRAFT_MODE)).close();
      await flush(dirname(path));
      this.#remember(begun, { size: 0, digest: createHash('sha256') });
      return { handle: begun, received: 0 };
    });
  }

  async part(key: string, handle: string, start: number, bytes: Uint8Array): Promise<void> {
    requireKey(key);
    const path = this.#path(key, handle);
    return writing(key, async () => {
      const draft = await this.#required(key, handle);
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
      draft.digest.update(bytes);
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
      const { size, digest } = await this.#required(key, handle);
      const held = await stat(draft);
      if (size !== bytes || held.size !== bytes || digest.copy().digest('hex') !== sha256) {
        await this.abort(key, handle);
        throw new BlobError('blob_store_unreachable', key);
      }
      await chmod(draft, MODES.blob);
      this.#limits.set(draft, signal);
      try {
        const given = await this.#names.give(draft, path);
        if (!given) await requireTaken(key, path, { ino: held.ino, sha256 }, signal);
        await unlink(draft);
        this.#forget(handle);
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
      this.#forget(handle);
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

  async #required(key: string, handle: string): Promise<Draft> {
    const draft = this.#drafts.get(handle) ?? (await this.#find(this.#path(key, handle), handle));
    if (draft === undefined) throw new BlobError('blob_store_unreachable', key);
    return draft;
  }

  /** What an earlier process left: whole parts were flushed, what follows them may not have been. */
  async #find(path: string, handle: string): Promise<Draft | undefined> {
    const left = await stat(path).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (left === undefined) return undefined;
    // With a second name it is the archive itself, whose sender was killed before it could say so: it is left as it is.
    const named = left.nlink > 1;
    if (!named) await chmod(path, DRAFT_MODE);
    const size = named ? left.size : wholeParts(left.size);
    const digest = await digestOf(path, size);
    return this.#remember(handle, { size, digest });
  }

  #remember(handle: string, draft: Draft): Draft {
    const [oldest] = this.#drafts.keys();
    if (this.#drafts.size >= REMEMBERED && oldest !== undefined) this.#drafts.delete(oldest);
    this.#drafts.set(handle, draft);
    return draft;
  }

  #forget(handle: string): void {
    this.#drafts.delete(handle);
  }
}

async function digestOf(path: string, size: number, signal?: AbortSignal): Promise<Hash> {
  const digest = createHash('sha256');
  if (size === 0) return digest;
  const chunks = createReadStream(path, { end: size - 1, ...(signal === undefined ? {} : { signal }) });
  for await (const chunk of chunks) digest.update(chunk as Uint8Array);
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

/** Throws BlobError `blob_conflict` where the name is that of other bytes. */
async function requireTaken(
  key: string,
  path: string,
  { ino, sha256 }: { ino: number; sha256: string },
  signal: AbortSignal,
): Promise<void> {
  const { ino: taken, size } = await stat(path);
  if (taken === ino) return;
  if ((await digestOf(path, size, signal)).digest('hex') !== sha256) throw new BlobError('blob_conflict', key);
}
