import { constants, createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createClient } from '../client.ts';
import type { Client } from '../client.ts';
import { CliError, RefusedError, UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';

/** Where the files of a log are read: a folder with a copy, or the URL they are served under. */
export interface LogSource {
  /**
   * A file by its path (`checkpoint`, `tile/0/000`), of a longer one the first `limit` bytes and one more; null where there
   * is none. Errors: CliError.
   */
  read: (path: string, limit: number) => Promise<Uint8Array | null>;
  /** The same of a file that may be of any length, as it comes; without it there is no such file. */
  chunks?: (path: string) => Promise<AsyncIterable<Uint8Array> | null>;
}

/** What a server has under `prefix`. */
export const servedLog = (client: Client, prefix: string): LogSource => ({
  read: async (path, limit) => {
    try {
      return await client.bytes(`${prefix}/${path}`, limit);
    } catch (error) {
      if (error instanceof RefusedError && error.status === 404) return null;
      throw error;
    }
  },
});

const ABSENT = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ENXIO'];

/** A file, of a longer one the first `limit` bytes and one more; null where there is no such file. Errors: CliError. */
export async function readBounded(path: string, limit: number): Promise<Uint8Array | null> {
  try {
    // A pipe would otherwise be waited for.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const about = await file.stat();
    if (!about.isFile()) return null;
    const bytes = Buffer.allocUnsafe(Math.min(about.size, limit + 1));
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === bytes.length) return bytes.subarray(0, length);
    }
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    if (ABSENT.includes(code)) return null;
    throw new CliError(`${path} cannot be read (${code})`, 'unreadable', EXIT.no);
  }
}

/** Paths are ours: nothing that the copy says goes into them but numbers. */
export const logFolder = (folder: string): LogSource => ({
  read: (path, limit) => readBounded(`${folder}/${path}`, limit),
  chunks: async (path) => {
    const about = await stat(`${folder}/${path}`).catch(() => null);
    return about?.isFile() === true ? createReadStream(`${folder}/${path}`) : null;
  },
});

export const isUrl = (copy: string): boolean => /^https?:\/\//i.test(copy);

export const isFolder = (copy: string): Promise<boolean> =>
  stat(copy).then(
    (found) => found.isDirectory(),
    () => false,
  );

/**
 * The log of `copy`: a folder, a URL under which a checkpoint lies, or the server itself when nothing is named or its own URL.
 * Elsewhere no token is sent. Errors: UsageError.
 */
export function openLog(copy: string | undefined, client: Client): LogSource {
  if (copy === undefined) return servedLog(client, '/ledger');
  if (!isUrl(copy)) return logFolder(copy);
  const url = URL.parse(copy);
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new UsageError('the URL of a log has no credentials, query or fragment', 'ledger verify');
  const href = url.href.replace(/\/+$/, '');
  if (href === client.baseUrl) return servedLog(client, '/ledger');
  if (href.startsWith(`${client.baseUrl}/`)) return servedLog(client, href.slice(client.baseUrl.length));
  return servedLog(createClient({ baseUrl: href }), '');
}
