import { createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
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

const keysFolder = (stateRoot: string): string => join(stateRoot, 'keys');
const fileName = (epoch: number): string => (epoch === 1 ? 'ledger-signing.pem' : `ledger-signing-${epoch}.pem`);

/**
 * The log's own key, Ed25519, under the name of the log: `<stateRoot>/keys/ledger-signing.pem` for the first epoch, with its
 * number for each later one. Errors: InstanceKeyError.
 */
export function logSigner(stateRoot: string, { origin, epoch }: { origin: string; epoch: number }): LogSigner {
  const key = signingKey(join(keysFolder(stateRoot), fileName(epoch)));
  return { key: noteKey(origin, rawPublicKey(key), sha256), sign: (message) => sign(null, message, key) };
}

/** The key of an epoch where this host has it; none is made. Errors: InstanceKeyError. */
export function existingKey(stateRoot: string, log: { origin: string; epoch: number }): NoteKey | undefined {
  if (!existsSync(join(keysFolder(stateRoot), fileName(log.epoch)))) return undefined;
  return logSigner(stateRoot, log).key;
}

/** The highest epoch that this host has a key of. */
export function highestKeyEpoch(stateRoot: string): number {
  if (!existsSync(keysFolder(stateRoot))) return 0;
  const epochs = readdirSync(keysFolder(stateRoot)).map((name) =>
    Number(/^ledger-signing-(\d{1,9})\.pem$/.exec(name)?.[1] ?? 1),
  );
  return Math.max(0, ...epochs);
}

/** Keeps the verifier key of an epoch that is over: what it signed has to verify for ever. */
export function archiveVerifierKey(
  stateRoot: string,
  { epoch, verifier_key }: { epoch: number; verifier_key: string },
): void {
  const folder = join(keysFolder(stateRoot), 'retired');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, `ledger-${epoch}.vkey`), `${verifier_key}\n`, { mode: 0o444, flush: true, flag: 'w' });
}

/** The 32 bytes at the end of the SubjectPublicKeyInfo (RFC 8410 §4). */
const rawPublicKey = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32));
