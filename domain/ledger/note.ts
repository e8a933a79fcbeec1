// A note is text that names who signed it: C2SP signed-note, Ed25519 signatures (type 0x01) only.
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Sha256 } from '../canonical/hash.ts';
import { fromBase64, toBase64 } from '../signing/base64.ts';
import { verifyEd25519 } from '../signing/ed25519.ts';
import { LedgerError } from './error.ts';

const ED25519 = 1;
/** C2SP signed-note: the text of a note is at most a megabyte here, and nobody signs it more often than this. */
const LIMITS = { bytes: 1_000_000, signatures: 16 } as const;

/** Whoever verifies: a name, the four bytes that tell its keys apart, and the key (32 bytes). */
export interface NoteKey {
  name: string;
  /** Lowercase hexadecimal. */
  id: string;
  publicKey: Uint8Array;
}

export type SignNote = (message: Uint8Array) => Uint8Array;
export type VerifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

const NAME = /^[^\s+\p{Cc}]+$/u;

/** The key under its name: the id is the first four bytes of SHA-256(name || 0x0A || 0x01 || key). */
export function noteKey(name: string, publicKey: Uint8Array, sha256: Sha256): NoteKey {
  if (!NAME.test(name) || !name.isWellFormed() || publicKey.length !== 32)
    throw new LedgerError('key_malformed', 'no name or no Ed25519 key');
  const id = bytesToHex(sha256(concatBytes(utf8ToBytes(`${name}\n`), Uint8Array.of(ED25519), publicKey)).slice(0, 4));
  return { name, id, publicKey };
}

/** `<name>+<id>+<base64(0x01 || key)>`. */
export const formatNoteKey = ({ name, id, publicKey }: NoteKey): string =>
  `${name}+${id}+${toBase64(concatBytes(Uint8Array.of(ED25519), publicKey))}`;

/** The key of a verifier key line. Errors: LedgerError `key_malformed`, also where the id is not the key's. */
export function parseNoteKey(line: string, sha256: Sha256): NoteKey {
  const [name = '', id = '', ...rest] = line.trim().split('+');
  // Base64 has a plus of its own.
  const bytes = fromBase64(rest.join('+'));
  if (bytes?.length !== 33 || bytes[0] !== ED25519) throw new LedgerError('key_malformed', 'not an Ed25519 key line');
  const key = noteKey(name, bytes.slice(1), sha256);
  if (key.id !== id) throw new LedgerError('key_malformed', 'the key is not the one that its id names');
  return key;
}

const isPlainText = (text: string): boolean => text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f\u007f]/.test(text);

/** What a signature covers. Errors: LedgerError `note_malformed`, for a text that no note can have. */
export function noteMessage(text: string): Uint8Array {
  if (!text.endsWith('\n') || !isPlainText(text)) throw new LedgerError('note_malformed', 'no text of a note');
  return utf8ToBytes(text);
}

/** The note of `text` with signatures that were made over its `noteMessage`. Errors: LedgerError `note_malformed`. */
export function noteOf(text: string, signatures: readonly { key: NoteKey; signature: Uint8Array }[]): string {
  noteMessage(text);
  if (signatures.length === 0) throw new LedgerError('note_malformed', 'a note without a signature');
  return `${text}\n${signatures.map(({ key, signature }) => signatureLine(key, signature)).join('')}`;
}

/** The note of `text`, which ends in a newline, with one signature. Errors: LedgerError `note_malformed`. */
export const signNote = (text: string, key: NoteKey, sign: SignNote): string =>
  noteOf(text, [{ key, signature: sign(noteMessage(text)) }]);

const signatureLine = ({ name, id }: NoteKey, signature: Uint8Array): string =>
  `— ${name} ${toBase64(concatBytes(hexToBytes(id), signature))}\n`;

interface Signature {
  name: string;
  id: string;
  signature: Uint8Array;
}

/** Text and signatures of a note, none of them verified. Errors: LedgerError `note_malformed`. */
export function parseNote(note: string): { text: string; signatures: Signature[] } {
  const malformed = (what: string) => new LedgerError('note_malformed', `the note ${what}`);
  if (note.length > LIMITS.bytes) throw malformed('is too long');
  if (!isPlainText(note)) throw malformed('is not plain text');
  const at = note.lastIndexOf('\n\n');
  if (at === -1 || !note.endsWith('\n')) throw malformed('has no signatures');
  const lines = note.slice(at + 2, -1).split('\n');
  if (lines.length > LIMITS.signatures) throw malformed('has too many signatures');
  return { text: note.slice(0, at + 1), signatures: lines.map((line) => parseSignature(line, malformed)) };
}

function parseSignature(line: string, malformed: (what: string) => LedgerError): Signature {
  const [dash, name = '', encoded = '', ...rest] = line.split(' ');
  const bytes = fromBase64(encoded);
  if (dash !== '—' || !NAME.test(name) || rest.length > 0 || bytes === null || bytes.length < 5)
    throw malformed('has a malformed signature line');
  return { name, id: bytesToHex(bytes.slice(0, 4)), signature: bytes.slice(4) };
}

/**
 * The text of a note that at least one of `keys` signed; signatures of others are ignored, a wrong one of a known key is
 * not. Errors: LedgerError `note_malformed`, `note_unsigned`, `note_forged`.
 */
export function openNote(note: string, keys: readonly NoteKey[], verify: VerifySignature = verifyEd25519): string {
  const { text, signatures } = parseNote(note);
  const message = noteMessage(text);
  let signed = false;
  for (const { name, id, signature } of signatures) {
    const key = keys.find((k) => k.name === name && k.id === id);
    if (key === undefined) continue;
    if (!verify(key.publicKey, message, signature))
      throw new LedgerError('note_forged', `the signature of ${name} is wrong`);
    signed = true;
  }
  if (!signed) throw new LedgerError('note_unsigned', 'nobody known has signed the note');
  return text;
}
