import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { ObservedFile } from '../../activities/types.ts';

/** What a baseline may list. */
const MOST_FILES = 10_000;
const DEEPEST = 64;
/** Bytes that are read for one check. */
const MOST_BYTES = 4 * 1024 ** 3;
/** Bytes of an answer; the engine takes no message over 2 MiB. */
const LARGEST_ANSWER = 1_500_000;
const CHUNK = 256 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Every entry under `root` but folders, none followed: `/`-separated path, hex SHA-256 of its bytes (of its target for a
 * link, of nothing for what has no bytes), size, and whole st_mode. A folder that is not there has no files.
 * Fails with `file_unreadable` or `observation_too_large`.
 */
export async function observeFiles(root: string): Promise<ObservedFile[]> {
  const observed: ObservedFile[] = [];
  const left = { bytes: MOST_BYTES, answer: LARGEST_ANSWER };
  const walk = async (folder: Buffer, prefix: string, depth: number): Promise<void> => {
    if (depth > DEEPEST) throw failed('observation_too_large');
    for (const name of (await names(folder)).sort((x, y) => Buffer.compare(x, y))) {
      const at = Buffer.concat([folder, Buffer.from('/'), name]);
      const path = prefix + spell(name);
      const stats = await present(lstat(at));
      if (stats === null) continue;
      if (stats.isDirectory()) {
        await walk(at, `${path}/`, depth + 1);
        continue;
      }
      const digest = await present(digestOf(at, stats, left));
      if (digest === null) continue;
      const file = { path, sha256: digest, size: stats.size, mode: stats.mode };
      observed.push(file);
      left.answer -= Buffer.byteLength(JSON.stringify(file)) + 1;
      if (observed.length > MOST_FILES || left.answer < 0) throw failed('observation_too_large');
    }
  };
  await walk(Buffer.from(root), '', 0);
  return observed;
}

const failed = (code: string): ApplicationFailure =>
  ApplicationFailure.create({ type: code, message: code, nonRetryable: true });

/** Null when it went away meanwhile: the comparison will miss it. */
async function present<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApplicationFailure) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw failed('file_unreadable');
  }
}

const names = async (folder: Buffer): Promise<Buffer[]> =>
  (await present(readdir(folder, { encoding: 'buffer' }))) ?? [];

/** A name that is not UTF-8 is spelt by its bytes: two of them must not be shown as one. */
function spell(name: Buffer): string {
  try {
    return utf8.decode(name);
  } catch {
    return `bytes:${name.toString('hex')}`;
  }
}

async function digestOf(at: Buffer, stats: Stats, left: { bytes: number }): Promise<string> {
  const hash = createHash('sha256');
  if (stats.isSymbolicLink()) return hash.update(await readlink(at, { encoding: 'buffer' })).digest('hex');
  if (!stats.isFile()) return hash.digest('hex');
  // What became a link or a pipe since lstat is neither followed nor waited for.
  const file = await open(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw failed('file_unreadable');
    const chunk = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const { bytesRead } = await file.read(chunk);
      if (bytesRead === 0) return hash.digest('hex');
      left.bytes -= bytesRead;
      if (left.bytes < 0) throw failed('observation_too_large');
      hash.update(chunk.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
