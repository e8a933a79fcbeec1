import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { Download } from '../client.ts';
import { CliError, UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';

/** Writes a blob into a new file; of one that was cut, or is not what its digest names, nothing is left. Errors: CliError. */
export async function saveBlob(
  { chunks }: Download,
  hex: string,
  path: string,
  seen: (bytes: number) => void,
): Promise<{ file: string; bytes: number }> {
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    const code = String((error as { code?: unknown }).code);
    throw new UsageError(code === 'EEXIST' ? `${path} is there already` : `${path} cannot be written (${code})`);
  });
  const digest = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      digest.update(chunk);
      await file.writeFile(chunk);
      seen((bytes += chunk.length));
    }
    if (digest.digest('hex') !== hex)
      throw new CliError('what came is not what the digest names', 'blob_corrupt', EXIT.no);
    await file.sync();
    return { file: path, bytes };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}
