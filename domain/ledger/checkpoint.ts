// A checkpoint says in three lines which tree of which log it is: C2SP tlog-checkpoint.
import { fromBase64, toBase64 } from '../signing/base64.ts';
import { LedgerError } from './error.ts';
import { openNote } from './note.ts';
import type { NoteKey, VerifySignature } from './note.ts';
import { HASH_SIZE } from './tree.ts';

export interface Checkpoint {
  /** Whose log it is: `<instance>/<epoch>`. */
  origin: string;
  /** How many leaves. */
  size: number;
  /** The root of RFC 9162 §2.1.1 over them, 32 bytes. */
  root: Uint8Array;
  /** Further lines, which the format leaves to the log. */
  extensions: string[];
}

/** The text that is signed. Errors: LedgerError `checkpoint_malformed`, for what could not be read back. */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  const text = [origin, String(size), toBase64(root), ...extensions].map((line) => `${line}\n`).join('');
  const read = parseCheckpoint(text);
  if (read.origin === origin && read.extensions.length === extensions.length) return text;
  throw new LedgerError('checkpoint_malformed', 'the checkpoint has a line of two lines');
}

const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;

/** The checkpoint that the text of a note is. Errors: LedgerError `checkpoint_malformed`. */
export function parseCheckpoint(text: string): Checkpoint {
  const malformed = (what: string) => new LedgerError('checkpoint_malformed', `the checkpoint ${what}`);
  if (!text.endsWith('\n')) throw malformed('does not end its last line');
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n');
  if (origin === undefined || origin === '') throw malformed('has no origin');
  if (size === undefined || !SIZE.test(size) || !Number.isSafeInteger(Number(size))) throw malformed('has no size');
  const bytes = root === undefined ? undefined : fromBase64(root);
  if (bytes?.length !== HASH_SIZE) throw malformed('has no root');
  if (extensions.includes('')) throw malformed('has an empty line');
  return { origin, size: Number(size), root: bytes, extensions };
}

/**
 * The checkpoint of the log `origin` in a note that at least one of `keys` signed.
 * Errors: those of `openNote` and `parseCheckpoint`, LedgerError `origin_mismatch`.
 */
export function openCheckpoint(
  note: string,
  keys: readonly NoteKey[],
  origin: string,
  verify?: VerifySignature,
): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(note, keys, verify));
  if (checkpoint.origin !== origin) throw new LedgerError('origin_mismatch', 'the checkpoint is of another log');
  return checkpoint;
}
