// A log changes its key by a statement that the old key and the new one sign: whoever trusts the old one goes on with the new one.
import type { Sha256 } from '../canonical/hash.ts';
import { fromBase64, toBase64 } from '../signing/base64.ts';
import { LedgerError } from './error.ts';
import { formatNoteKey, noteMessage, noteOf, openNote, parseNote, parseNoteKey } from './note.ts';
import type { NoteKey, SignNote, VerifySignature } from './note.ts';
import { HASH_SIZE } from './tree.ts';

/** The action of the entry that holds the statement in its `detail.note`. */
export const KEY_ROTATED = 'log_key_rotated';

/** How many keys one log may have had: so many statements are read to get from any key to the newest. */
export const MOST_KEYS = 200;

/** The first line, which no checkpoint has: neither can be taken for the other. */
const HEADING = 'interlock log key rotation, version 1';

/** `oldKey` hands the log over after `size` leaves with this root; the leaf with number `size` says so. */
export interface KeyRotation {
  origin: string;
  size: number;
  root: Uint8Array;
  oldKey: NoteKey;
  newKey: NoteKey;
}

/** A key with what signs for it. */
export interface KeySigner {
  key: NoteKey;
  sign: SignNote;
}

const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;

const textOf = ({ origin, size, root, oldKey, newKey }: KeyRotation): string =>
  [HEADING, origin, String(size), toBase64(root), formatNoteKey(oldKey), formatNoteKey(newKey), ''].join('\n');

/** The statement, signed by both keys: a C2SP signed note. Errors: LedgerError `note_malformed`. */
export function signRotation(
  at: Pick<KeyRotation, 'origin' | 'size' | 'root'>,
  [before, after]: readonly [KeySigner, KeySigner],
): string {
  const text = textOf({ ...at, oldKey: before.key, newKey: after.key });
  const message = noteMessage(text);
  return noteOf(
    text,
    [before, after].map(({ key, sign }) => ({ key, signature: sign(message) })),
  );
}

/**
 * What a statement says, with both signatures verified. Errors: LedgerError `note_malformed`, `note_unsigned`, `note_forged`,
 * `key_malformed`, `origin_mismatch` where a key is not of the log.
 */
export function openRotation(note: string, sha256: Sha256, verify?: VerifySignature): KeyRotation {
  const { text } = parseNote(note);
  const [heading, origin = '', size = '', hash = '', before = '', after = ''] = text.split('\n');
  const root = fromBase64(hash);
  if (heading !== HEADING || !SIZE.test(size) || root?.length !== HASH_SIZE)
    throw new LedgerError('note_malformed', 'the note hands over no log');
  const rotation = {
    origin,
    size: Number(size),
    root,
    oldKey: parseNoteKey(before, sha256),
    newKey: parseNoteKey(after, sha256),
  };
  if (textOf(rotation) !== text) throw new LedgerError('note_malformed', 'the note is spelled differently');
  for (const key of [rotation.oldKey, rotation.newKey]) {
    if (key.name !== origin) throw new LedgerError('origin_mismatch', 'the key is of another log');
    openNote(note, [key], verify);
  }
  return rotation;
}

/**
 * The rotations that lead from `trusted` to the newest key, oldest first; none where it is the newest itself. Statements
 * before that are skipped: whoever knows a later key need not know them. Each must begin where the one before it ended, and
 * the log must only have grown between them. Errors: those of `openRotation`; LedgerError `key_malformed` for a broken chain.
 */
export function followKeys(
  trusted: NoteKey,
  notes: readonly string[],
  sha256: Sha256,
  verify?: VerifySignature,
): KeyRotation[] {
  if (notes.length > MOST_KEYS) throw new LedgerError('key_malformed', 'there are too many keys');
  const followed: KeyRotation[] = [];
  let line = formatNoteKey(trusted);
  for (const note of notes) {
    const rotation = openRotation(note, sha256, verify);
    const last = followed.at(-1);
    if (formatNoteKey(rotation.oldKey) !== line) {
      if (last === undefined) continue;
      throw new LedgerError('key_malformed', 'a key was replaced by one that did not sign for the next');
    }
    if (rotation.origin !== trusted.name) throw new LedgerError('origin_mismatch', 'the key is of another log');
    if (last !== undefined && rotation.size <= last.size)
      throw new LedgerError('key_malformed', 'a key was replaced before it was there');
    followed.push(rotation);
    line = formatNoteKey(rotation.newKey);
  }
  return followed;
}
