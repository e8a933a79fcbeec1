import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { UsageError } from './errors.ts';
import type { Output } from './output/output.ts';

/** Takes an extract piece by piece. */
export interface Sink {
  write: (text: string) => Promise<void>;
}

/**
 * Writes an extract to standard output, or to a new file that only its owner reads; an extract that breaks off leaves none.
 * Returns the SHA-256 of the file, for the ticket that it is attached to. Errors: UsageError for a file that is there.
 */
export async function writeExtract(
  out: Output,
  file: string | undefined,
  command: string,
  write: (sink: Sink) => Promise<void>,
): Promise<string | undefined> {
  if (file === undefined) {
    await write({ write: async (text) => out.text(text) });
    return undefined;
  }
  const handle = await open(file, 'wx', 0o600).catch((error: unknown) => {
    const code = String((error as { code?: unknown }).code);
    throw new UsageError(
      code === 'EEXIST' ? `${file} is there already` : `${file} cannot be written (${code})`,
      command,
    );
  });
  const digest = createHash('sha256');
  try {
    await write({
      write: async (text) => {
        digest.update(text);
        await handle.writeFile(text);
      },
    });
    await handle.sync();
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  return digest.digest('hex');
}
