import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FORENSIC_KEY_BYTES, forensicKey } from '../../domain/forensic/key.ts';
import type { ForensicKey } from '../../domain/forensic/key.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import { parseNoteKey } from '../../domain/ledger/note.ts';
import type { NoteKey } from '../../domain/ledger/note.ts';
import { UsageError } from '../errors.ts';
import { archiveOf } from '../ledger/log-key.ts';

const COMMAND = 'forensic verify';
/** Nobody has retired more keys than this. */
const MOST_KEYS = 256;

/** The key in `file` and those that it replaced, in `file.retired/`. Errors: UsageError, which never quotes a key. */
export function readForensicKeys(file: string): ForensicKey[] {
  const key = forensicKey(readBytes(file, 'key'));
  const { least, most } = FORENSIC_KEY_BYTES;
  if (key === undefined) throw new UsageError(`the key file ${file} does not have ${least} to ${most} bytes`, COMMAND);
  return [key, ...retiredKeys(`${file}.retired`)];
}

function retiredKeys(folder: string): ForensicKey[] {
  let names: string[];
  try {
    names = readdirSync(folder).sort().slice(0, MOST_KEYS);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isFile() ? (forensicKey(readBytes(path, 'retired key')) ?? []) : [];
  });
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/**
 * Verifier keys of the log: a line as it is, or those in a file, a line each or as `/ledger/keys` answers them: what a key
 * signed before it was replaced verifies for ever. Errors: UsageError.
 */
export function readLedgerKeys(given: string): NoteKey[] {
  const text = given.includes('+') ? given : readBytes(given, 'ledger key').toString('utf8');
  try {
    const lines = text.trimStart().startsWith('{') ? archived(text) : text.split('\n').filter((l) => l.trim() !== '');
    if (lines.length > 0) return lines.map((line) => parseNoteKey(line, sha256));
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
  }
  throw new UsageError('the ledger key is no verifier key line (GET /ledger/key answers one)', COMMAND);
}

function archived(text: string): string[] {
  const { keys, ended } = archiveOf(Buffer.from(text));
  return [...keys, ...ended].map(({ verifier_key }) => verifier_key);
}

function readBytes(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(
      `the ${what} file ${file} cannot be read (${String((error as { code?: unknown }).code)})`,
      COMMAND,
    );
  }
}
