import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';

/**
 * Whoever reads the file finds all of it or what was there before; with `last` also after a power cut, and when another
 * process replaces it at the same time. Errors: CliError `unwritable`.
 */
export async function replaceFile(path: string, bytes: Uint8Array | string, { last = false } = {}): Promise<void> {
  // The same name for the same tile: what a killed export left half written is overwritten by the next.
  const temporary = last ? `${path}.${randomUUID()}.tmp` : `${path}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, bytes, { flush: last });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new CliError(
      `${path} cannot be written (${String((error as { code?: unknown }).code)})`,
      'unwritable',
      EXIT.no,
    );
  }
}
