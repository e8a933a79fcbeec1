import { lstat, mkdir, open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { paddingOf, TAR_END, tarHeader } from '../../domain/evidence/tar.ts';
import { UsageError } from '../errors.ts';

export interface Named {
  path: string;
  content: Uint8Array;
}

/** An archive by its name, everything else is a folder. */
export const isArchive = (out: string): boolean => out.endsWith('.tar');

const unwritable = (path: string, error: unknown): UsageError => {
  const code = String((error as { code?: unknown }).code);
  const sentence = code === 'EEXIST' ? `${path} is there already` : `${path} cannot be written (${code})`;
  return new UsageError(sentence, 'evidence collect');
};

/** Errors: UsageError, before anything is collected for a place where something is. */
export async function refuseTaken(out: string): Promise<void> {
  const taken = await lstat(out).then(
    () => true,
    () => false,
  );
  if (taken) throw unwritable(out, { code: 'EEXIST' });
}

/** Only their owner reads what is written; of what breaks off nothing is left. Errors: UsageError. */
export async function writeEvidence(out: string, files: readonly Named[], mtime: number): Promise<void> {
  await (isArchive(out) ? writeArchive(out, files, mtime) : writeFolder(out, files));
}

async function writeArchive(out: string, files: readonly Named[], mtime: number): Promise<void> {
  await writing(out, async (handle) => {
    for (const { path, content } of files) {
      await handle.writeFile(tarHeader(path, content.length, mtime));
      await handle.writeFile(content);
      await handle.writeFile(new Uint8Array(paddingOf(content.length)));
    }
    await handle.writeFile(new Uint8Array(TAR_END));
  });
}

async function writeFolder(out: string, files: readonly Named[]): Promise<void> {
  await mkdir(out, { mode: 0o700 }).catch((error: unknown) => {
    throw unwritable(out, error);
  });
  try {
    for (const { path, content } of files) {
      const file = join(out, path);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writing(file, (handle) => handle.writeFile(content));
    }
  } catch (error) {
    await rm(out, { recursive: true, force: true });
    throw error;
  }
}

async function writing(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw unwritable(path, error);
  });
  try {
    await write(handle);
    await handle.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw unwritable(path, error);
  } finally {
    await handle.close();
  }
}
