import { createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeReadOnlyFile } from '../../config/private-file.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import { formatNoteKey, noteKey, parseNoteKey } from '../../domain/ledger/note.ts';
import type { NoteKey, SignNote } from '../../domain/ledger/note.ts';
import { sha256 } from '../../db/write/change.ts';
import { signingKey } from '../keys/instance-key.ts';

/** What signs the checkpoints of one log. */
export interface LogSigner {
  key: NoteKey;
  sign: SignNote;
}

/** Which key of which log: an epoch has its first key from the start, and another with each rotation. */
export interface LogKeyName {
  origin: string;
  epoch: number;
  /** 1 without it. */
  generation?: number;
}

const keysFolder = (stateRoot: string): string => join(stateRoot, 'keys');
const retiredFolder = (stateRoot: string): string => join(keysFolder(stateRoot), 'retired');

function fileName({ epoch, generation = 1 }: Omit<LogKeyName, 'origin'>): string {
  if (generation > 1) return `ledger-signing-${epoch}.${generation}.pem`;
  return epoch === 1 ? 'ledger-signing.pem' : `ledger-signing-${epoch}.pem`;
}

const KEY_FILE = /^ledger-signing(?:-([1-9]\d{0,8}))?(?:\.([1-9]\d{0,5}))?\.pem$/;
const RETIRED_FILE = /^ledger-([1-9]\d{0,8})(?:\.([1-9]\d{0,5}))?\.vkey$/;

/** What a folder has of the form, by the numbers in the names. */
function named(folder: string, form: RegExp): { name: string; epoch: number; generation: number }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const found = form.exec(name);
    return found === null ? [] : [{ name, epoch: Number(found[1] ?? 1), generation: Number(found[2] ?? 1) }];
  });
}

/**
 * A key of a log, Ed25519, under the name of the log; made where there is none. `<stateRoot>/keys/ledger-signing.pem` is the
 * first of the first epoch, later epochs and generations have their numbers in the name. Errors: InstanceKeyError.
 */
export function logSigner(stateRoot: string, log: LogKeyName): LogSigner {
  const key = signingKey(join(keysFolder(stateRoot), fileName(log)));
  return { key: noteKey(log.origin, rawPublicKey(key), sha256), sign: (message) => sign(null, message, key) };
}

/** The same of a key that this host has; none is made. Errors: InstanceKeyError. */
export const existingSigner = (stateRoot: string, log: LogKeyName): LogSigner | undefined =>
  existsSync(join(keysFolder(stateRoot), fileName(log))) ? logSigner(stateRoot, log) : undefined;

/** Removes a key that never took over; nothing names it yet. */
export const dropKey = (stateRoot: string, log: Required<LogKeyName>): void =>
  rmSync(join(keysFolder(stateRoot), fileName(log)), { force: true });

/** Every key of an epoch that this host has or had, the newest first; none is made. Errors: InstanceKeyError. */
export function existingKeys(stateRoot: string, { origin, epoch }: { origin: string; epoch: number }): NoteKey[] {
  const held = named(keysFolder(stateRoot), KEY_FILE).filter((file) => file.epoch === epoch);
  const live = held
    .sort((a, b) => b.generation - a.generation)
    .map(({ generation }) => logSigner(stateRoot, { origin, epoch, generation }).key);
  const retired = named(retiredFolder(stateRoot), RETIRED_FILE)
    .filter((file) => file.epoch === epoch)
    .sort((a, b) => b.generation - a.generation)
    .flatMap(({ name }) => retiredKey(join(retiredFolder(stateRoot), name)) ?? []);
  return [...live, ...retired.filter((key) => key.name === origin)];
}

function retiredKey(path: string): NoteKey | undefined {
  try {
    return parseNoteKey(readFileSync(path, 'utf8'), sha256);
  } catch (error) {
    if (error instanceof LedgerError) return undefined;
    throw error;
  }
}

/** The highest epoch that this host has or had a key of. */
export function highestKeyEpoch(stateRoot: string): number {
  const files = [...named(keysFolder(stateRoot), KEY_FILE), ...named(retiredFolder(stateRoot), RETIRED_FILE)];
  return Math.max(0, ...files.map(({ epoch }) => epoch));
}

/** Keeps a verifier key that was replaced, or whose epoch is over: what it signed has to verify for ever. */
export function archiveVerifierKey(
  stateRoot: string,
  { epoch, generation, verifier_key }: { epoch: number; generation: number; verifier_key: string },
): void {
  const name = generation === 1 ? `ledger-${epoch}.vkey` : `ledger-${epoch}.${generation}.vkey`;
  writeReadOnlyFile(join(retiredFolder(stateRoot), name), `${verifier_key}\n`);
}

/**
 * Ends the keys that a later one has replaced: the public half is archived, then the private half is deleted, so that nobody
 * can sign another past with it. Said again it changes nothing. Errors: InstanceKeyError.
 */
export function retireKeys(stateRoot: string, log: Required<LogKeyName>): void {
  for (const { name, epoch, generation } of named(keysFolder(stateRoot), KEY_FILE)) {
    if (epoch !== log.epoch || generation >= log.generation) continue;
    const { key } = logSigner(stateRoot, { origin: log.origin, epoch, generation });
    archiveVerifierKey(stateRoot, { epoch, generation, verifier_key: formatNoteKey(key) });
    rmSync(join(keysFolder(stateRoot), name), { force: true });
  }
}

/** The 32 bytes at the end of the SubjectPublicKeyInfo (RFC 8410 §4). */
const rawPublicKey = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32));
