import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '../../domain/problem/problem.ts';

const folderOf = (stateRoot: string): string => join(stateRoot, 'spool');
const PREFIX = 'forensic-';
/** Divisible by three, so that each chunk is base64 without padding. */
const CHUNK = 192 * 1024;

/**
 * Bytes on their way through the disk of the state root. The file is 0600 and loses its name as soon as it is open, so that
 * nothing of it is left when the process is, however it ends.
 */
export class Spool {
  size = 0;
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Errors: DomainError spool_unavailable. */
  static async open(stateRoot: string): Promise<Spool> {
    const folder = folderOf(stateRoot);
    const path = join(folder, `${PREFIX}${randomUUID()}`);
    return available(async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = await open(path, 'wx+', 0o600);
      await rm(path, { force: true });
      return new Spool(file);
    });
  }

  /** Appends. Errors: DomainError spool_unavailable. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await available(() =>
        this.#file.write(bytes, done, bytes.length - done, this.size + done),
      );
      done += bytesWritten;
    }
    this.size += bytes.length;
  }

  /** The bytes from `from` up to `to`, in chunks of which all but the last are divisible by three. */
  async *read(from: number, to: number): AsyncGenerator<Buffer> {
    for (let at = from; at < to;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, to - at));
      for (let filled = 0; filled < chunk.length;) {
        const { bytesRead } = await this.#file.read(chunk, filled, chunk.length - filled, at + filled);
        if (bytesRead === 0) throw new Error('the spool is shorter than what was written to it');
        filled += bytesRead;
      }
      yield chunk;
      at += chunk.length;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined
      ? error
      : new DomainError('spool_unavailable', { detail: `the spool of the state root: ${code}` });
  }
}

/** Removes what processes left that were killed between making a file and taking its name away. */
export async function sweepSpool(stateRoot: string): Promise<void> {
  const folder = folderOf(stateRoot);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) if (name.startsWith(PREFIX)) await rm(join(folder, name), { force: true });
}
