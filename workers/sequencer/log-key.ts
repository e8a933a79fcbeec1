import { createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { NoteKey, SignNote } from '../../domain/ledger/note.ts';
import { noteKey } from '../../domain/ledger/note.ts';
import { sha256 } from '../../db/write/change.ts';
import { signingKey } from '../keys/instance-key.ts';

/** What signs the checkpoints of one log. */
export interface LogSigner {
  key: NoteKey;
  sign: SignNote;
}

/** The log's own key, Ed25519, in `<stateRoot>/keys/ledger-signing.pem`, under the name of the log. Errors: InstanceKeyError. */
export function logSigner(stateRoot: string, origin: string): LogSigner {
  const key = signingKey(join(stateRoot, 'keys', 'ledger-signing.pem'));
  return { key: noteKey(origin, rawPublicKey(key), sha256), sign: (message) => sign(null, message, key) };
}

/** The 32 bytes at the end of the SubjectPublicKeyInfo (RFC 8410 §4). */
const rawPublicKey = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32));
