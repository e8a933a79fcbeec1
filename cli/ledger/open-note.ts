import { openCheckpoint } from '../../domain/ledger/checkpoint.ts';
import type { Checkpoint } from '../../domain/ledger/checkpoint.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import { formatNoteKey, parseNoteKey } from '../../domain/ledger/note.ts';
import type { NoteKey } from '../../domain/ledger/note.ts';
import { StrictJsonError } from '../../domain/json/error.ts';
import { decodeUtf8Strict } from '../../domain/json/utf8.ts';
import { sharedSha256 } from '../sha256.ts';
import { LIMITS } from './log-files.ts';

function textOf(bytes: Uint8Array, code: 'key_malformed' | 'note_malformed'): string {
  if (bytes.length > LIMITS.note) throw new LedgerError(code, 'it is too long');
  try {
    return decodeUtf8Strict(bytes);
  } catch (error) {
    if (error instanceof StrictJsonError) throw new LedgerError(code, 'it is not UTF-8');
    throw error;
  }
}

/** The key in the `key` file of a log, which has one spelling. Errors: LedgerError `key_malformed`. */
export function keyOf(bytes: Uint8Array): NoteKey {
  const text = textOf(bytes, 'key_malformed');
  const key = parseNoteKey(text, sharedSha256);
  if (`${formatNoteKey(key)}\n` !== text) throw new LedgerError('key_malformed', 'the key is spelled differently');
  return key;
}

/** The checkpoint of the log that the first key is named after. Errors: LedgerError, those of `openCheckpoint`. */
export const checkpointOf = (bytes: Uint8Array, keys: readonly NoteKey[]): Checkpoint =>
  openCheckpoint(textOf(bytes, 'note_malformed'), keys, keys[0]?.name ?? '');
