import { createHash } from 'node:crypto';
import { lstat, open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { bundleFileName } from '../../domain/forensic/bundle.ts';
import type { Download } from '../client.ts';
import { UsageError } from '../errors.ts';

export interface SavedBundle {
  file: string;
  sha256_file: string;
  sha256: string;
  bytes: number;
}

/** The server names the file by its time; whatever else it may say is no name. */
export const nameFor = ({ fileName }: Download): string =>
  fileName !== undefined && /^forensic-bundle-\d{8}-\d{6}\.json$/.test(fileName)
    ? fileName
    : bundleFileName(new Date().toISOString());

/**
 * Writes a bundle to `file` and its checksum, as sha256sum reads it, to `file.sha256`; nothing that is there is replaced, and
 * of a bundle that was cut nothing is left. `seen` is told how many bytes have come. Errors: UsageError, UnreachableError.
 */
export async function saveBundle(
  { chunks }: Download,
  file: string,
  seen: (bytes: number) => void,
): Promise<SavedBundle> {
  const sha256 = createHash('sha256');
  const sha256_file = `${file}.sha256`;
  const opened: { file: string; handle: FileHandle }[] = [];
  const create = async (name: string): Promise<FileHandle> => {
    const handle = await openNew(name);
    opened.push({ file: name, handle });
    return handle;
  };
  try {
    const [bundle, sum] = [await create(file), await create(sha256_file)];
    let bytes = 0;
    for await (const chunk of chunks) {
      sha256.update(chunk);
      await bundle.writeFile(chunk);
      seen((bytes += chunk.length));
    }
    await bundle.sync();
    const digest = sha256.digest('hex');
    await sum.writeFile(`${digest}  ${basename(file)}\n`);
    await sum.sync();
    return { file, sha256_file, sha256: digest, bytes };
  } catch (error) {
    for (const each of opened) await rm(each.file, { force: true });
    throw error;
  } finally {
    for (const each of opened) await each.handle.close();
  }
}

/** Errors: UsageError for a file that is there already. */
export async function refuseExisting(file: string): Promise<void> {
  for (const name of [file, `${file}.sha256`])
    if (
      await lstat(name).then(
        () => true,
        () => false,
      )
    )
      throw notWritable(name, { code: 'EEXIST' });
}

const openNew = (file: string): Promise<FileHandle> =>
  open(file, 'wx', 0o600).catch((error: unknown) => {
    throw notWritable(file, error);
  });

function notWritable(file: string, error: unknown): UsageError {
  const code = String((error as { code?: unknown }).code);
  const sentence = code === 'EEXIST' ? `${file} is there already` : `${file} cannot be written (${code})`;
  return new UsageError(sentence, 'forensic export');
}
