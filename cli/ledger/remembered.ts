import { z } from 'zod';
import { HASH_SIZE } from '../../domain/ledger/tree.ts';
import { fromBase64, toBase64 } from '../../domain/signing/base64.ts';
import { UsageError } from '../errors.ts';
import { LIMITS } from './log-files.ts';
import { readBounded } from './log-source.ts';
import { replaceFile } from './write-file.ts';

/** The checkpoint that was verified last, and the key line that signed it. */
export interface Remembered {
  origin: string;
  size: number;
  root: Uint8Array;
  key: string;
}

const hash = z.string().transform((text, context) => {
  const bytes = fromBase64(text);
  if (bytes?.length === HASH_SIZE) return bytes;
  context.addIssue('no hash');
  return z.NEVER;
});

const schema = z.strictObject({
  origin: z.string().min(1),
  size: z.int().min(0),
  root: hash,
  key: z.string().min(1),
});

/** What the file holds, undefined where there is none yet. Errors: UsageError for a file that holds something else. */
export async function readRemembered(file: string): Promise<Remembered | undefined> {
  const bytes = await readBounded(file, LIMITS.note);
  if (bytes === null) return undefined;
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch {
    // To go on as if nothing were remembered would hide a log that was rewritten.
    throw new UsageError(`the file ${file} does not hold a remembered checkpoint`);
  }
}

/** Moves the file forward to a checkpoint that was verified; never back, should another verification have been further. */
export async function remember(file: string, { origin, size, root, key }: Remembered): Promise<void> {
  const now = await readRemembered(file);
  if (now !== undefined && now.origin === origin && now.size > size) return;
  const text = JSON.stringify({ origin, size, root: toBase64(root), key }, null, 2);
  await replaceFile(file, `${text}\n`, { last: true });
}
