import { keyArchiveSchema, notesOf } from '../../domain/ledger/key-archive.ts';
import type { KeyArchive } from '../../domain/ledger/key-archive.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import { followKeys } from '../../domain/ledger/key-rotation.ts';
import type { KeyRotation } from '../../domain/ledger/key-rotation.ts';
import { formatNoteKey, parseNoteKey } from '../../domain/ledger/note.ts';
import type { NoteKey } from '../../domain/ledger/note.ts';
import { sharedSha256 } from '../sha256.ts';
import { LIMITS } from './log-files.ts';
import type { LogSource } from './log-source.ts';

/** The keys in the `keys` file of a log; undefined for a log that has none. Errors: LedgerError `key_malformed`; CliError. */
export async function readArchive(log: LogSource): Promise<KeyArchive | undefined> {
  const bytes = await log.read('keys', LIMITS.keys);
  if (bytes === null) return undefined;
  return archiveOf(bytes);
}

/** Errors: LedgerError `key_malformed`. */
export function archiveOf(bytes: Uint8Array): KeyArchive {
  try {
    if (bytes.length <= LIMITS.keys) return keyArchiveSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch {
    // What it says may be of any length.
  }
  throw new LedgerError('key_malformed', 'the archive of the keys is malformed');
}

/** Every key of an archive. Errors: LedgerError `key_malformed`. */
export const keysOf = ({ keys }: KeyArchive): NoteKey[] =>
  keys.map(({ verifier_key }) => parseNoteKey(verifier_key, sharedSha256));

/**
 * The rotations that lead from the trusted key to `own`, oldest first; undefined where none do: `own` is then nobody's whom
 * the trusted key has signed for. Errors: LedgerError, those of `followKeys`.
 */
export function rotationsTo(
  own: NoteKey,
  trusted: NoteKey,
  archive: KeyArchive | undefined,
): KeyRotation[] | undefined {
  if (formatNoteKey(own) === formatNoteKey(trusted)) return [];
  if (archive === undefined) return undefined;
  const followed = followKeys(trusted, notesOf(archive), sharedSha256);
  const at = followed.findIndex(({ newKey }) => formatNoteKey(newKey) === formatNoteKey(own));
  return at === -1 ? undefined : followed.slice(0, at + 1);
}
