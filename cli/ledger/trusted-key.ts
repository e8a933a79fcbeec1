import { LedgerError } from '../../domain/ledger/error.ts';
import { parseNoteKey } from '../../domain/ledger/note.ts';
import type { NoteKey } from '../../domain/ledger/note.ts';
import { UsageError } from '../errors.ts';
import { sharedSha256 } from '../sha256.ts';
import { LIMITS } from './log-files.ts';
import { readBounded } from './log-source.ts';
import { readRemembered } from './remembered.ts';
import type { Remembered } from './remembered.ts';

/** What a log is held against. */
export interface Trust {
  /** The key that was passed, else the remembered one; undefined: there is only what the log says of itself. */
  key: NoteKey | undefined;
  keyFrom: 'passed' | 'remembered' | 'its own';
  remembered: Remembered | undefined;
}

export const TRUST_FLAGS = {
  key: { kind: 'text', value: 'LINE|FILE', about: 'the key of the log as you know it, or a file that holds it' },
  remember: {
    kind: 'text',
    value: 'FILE',
    about: 'the checkpoint verified last, and its key: the log has to be a continuation of it',
  },
} as const;

/** Errors: UsageError. */
export async function readTrust(flags: { key: string | undefined; remember: string | undefined }): Promise<Trust> {
  const remembered = flags.remember === undefined ? undefined : await readRemembered(flags.remember);
  if (flags.key !== undefined) return { key: await passedKey(flags.key), keyFrom: 'passed', remembered };
  if (remembered === undefined) return { key: undefined, keyFrom: 'its own', remembered };
  return { key: parsed(remembered.key, `the key in ${flags.remember ?? ''}`), keyFrom: 'remembered', remembered };
}

/** A key line has two plus signs before its base64, as no name of a file needs. */
async function passedKey(given: string): Promise<NoteKey> {
  if (/^[^+]+\+[0-9a-f]{8}\+/.test(given)) return parsed(given, '--key');
  const bytes = await readBounded(given, LIMITS.note);
  if (bytes === null) throw new UsageError(`the key file ${given} cannot be read`);
  return parsed(Buffer.from(bytes).toString(), `the key file ${given}`);
}

function parsed(line: string, what: string): NoteKey {
  try {
    return parseNoteKey(line, sharedSha256);
  } catch (error) {
    if (error instanceof LedgerError) throw new UsageError(`${what} is not the key line of a log: ${error.message}`);
    throw error;
  }
}
