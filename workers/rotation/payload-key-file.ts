import { randomBytes } from 'node:crypto';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { StepFailure } from '../../activities/rotation/strategy.ts';
import { KEY_BYTES, keyId } from '../../domain/secret/key-id.ts';
import { moveOver } from './token-file.ts';

const PRIVATE = 0o600;
const OTHERS = 0o077;

/** A line of the file, with the id that payloads name it by. */
export interface KeyLine {
  key_id: string;
  hex: string;
}

export const freshLine = (): KeyLine => lineOf(randomBytes(KEY_BYTES).toString('hex'));

/** The keys of a file, the first one seals. Throws `StepFailure`: key_file_unreadable, key_file_exposed, key_file_malformed. */
export async function readLines(path: string): Promise<KeyLine[]> {
  const text = await readFile(path, 'latin1').catch(() => {
    throw new StepFailure('key_file_unreadable', { retry: true });
  });
  if (((await stat(path)).mode & OTHERS) !== 0) throw new StepFailure('key_file_exposed');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new StepFailure('key_file_malformed');
  return lines.map((line) => lineOf(line.trim()));
}

function lineOf(hex: string): KeyLine {
  if (!/^[0-9a-f]{64}$/i.test(hex)) throw new StepFailure('key_file_malformed');
  const bytes = Buffer.from(hex, 'hex');
  const key_id = keyId('payload', bytes);
  bytes.fill(0);
  return { key_id, hex };
}

/** Replaces the file in one step: who reads it finds all the keys of before or all of after. Throws `StepFailure` key_file_unwritable. */
export async function writeLines(path: string, lines: readonly KeyLine[]): Promise<void> {
  const beside = `${path}.writing`;
  try {
    await rm(beside, { force: true });
    const file = await open(beside, 'wx', PRIVATE);
    try {
      await file.writeFile(lines.map(({ hex }) => `${hex}\n`).join(''));
      await file.sync();
    } finally {
      await file.close();
    }
    await moveOver(beside, path);
  } catch {
    throw new StepFailure('key_file_unwritable', { retry: true });
  }
}
