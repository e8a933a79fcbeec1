import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { ExportTrust } from '../../domain/export/proof-check.ts';
import { verifyExport } from '../../domain/export/verify.ts';
import type { ExportVerdict } from '../../domain/export/verify.ts';
import { UsageError } from '../errors.ts';
import { natives } from '../forensic/natives.ts';

export interface FileVerdict extends ExportVerdict {
  /** Hex, of the whole file. */
  sha256: string;
}

const PIECE = 1024 * 1024;

/** Reads an archive once, however long it is. `seen` is told how much of it was read. Errors: UsageError. */
export async function verifyFile(
  file: string,
  trust: ExportTrust,
  seen: (part: { done: number; of: number }) => void,
): Promise<FileVerdict> {
  const refuse = (error: unknown) =>
    new UsageError(`${file} cannot be read (${String((error as { code?: unknown }).code)})`, 'export verify');
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw refuse(error);
  });
  const sha256 = createHash('sha256');
  try {
    const stat = await handle.stat();
    if (stat.isDirectory()) throw refuse({ code: 'EISDIR' });
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      let done = 0;
      for await (const chunk of handle.createReadStream({ highWaterMark: PIECE, autoClose: false })) {
        const bytes = chunk as Buffer;
        sha256.update(bytes);
        seen({ done: (done += bytes.length), of: stat.size });
        yield bytes;
      }
    };
    const verdict = await verifyExport(chunks(), trust, natives);
    return { ...verdict, sha256: sha256.digest('hex') };
  } finally {
    await handle.close();
  }
}
