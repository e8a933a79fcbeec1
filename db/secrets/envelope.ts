import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { KEY_BYTES, keyId } from '../../domain/secret/key-id.ts';
import { SecretsError } from '../secrets-error.ts';

/** A key with the name it is known by; the object keeps its bytes out of logs and JSON. */
export interface NamedKey {
  key_id: string;
  key: KeyObject;
}

/** A key that wraps, and others that still open what they wrapped: two while data keys move from one to the other. */
export interface KeyRing extends NamedKey {
  others?: readonly NamedKey[];
  /** The ring as it is now: a key that this one lacks may have been given since. */
  reread?: () => KeyRing;
}

/** The key of the ring that has a name; undefined where it has none, also when it is read again. */
export function keyOf(ring: KeyRing, id: string): NamedKey | undefined {
  const find = (of: KeyRing) => [of, ...(of.others ?? [])].find(({ key_id }) => key_id === id);
  return find(ring) ?? (ring.reread === undefined ? undefined : find(ring.reread()));
}

/** NIST SP 800-38D: 96-bit nonces drawn at random, full tags. A data key seals one slot's versions, far from 2^32. */
const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const FORM = /^interlock-(key|secret)\.v1\.([0-9a-f]{16})\.([A-Za-z0-9_-]+)$/;

export interface Place {
  workspace_id: string;
  slot: string;
}

/** What an envelope belongs to: JSON of strings and numbers, so that no two places have the same bytes. */
const aad = (head: string, { workspace_id, slot }: Place, version: number): Buffer =>
  Buffer.from(JSON.stringify([head, workspace_id, slot, version]));

function seal({ key_id, key }: NamedKey, what: 'key' | 'secret', at: Place, version: number, plain: Buffer): string {
  const head = `interlock-${what}.v1.${key_id}`;
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad(head, at, version));
  const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return `${head}.${sealed.toString('base64url')}`;
}

function open({ key_id, key }: NamedKey, what: 'key' | 'secret', at: Place, version: number, text: string): Buffer {
  const [, found, wrappedBy, body = ''] = FORM.exec(text) ?? [];
  const sealed = Buffer.from(body, 'base64url');
  // Base64 has spellings that decode alike; only the one that was written opens.
  if (found !== what || sealed.toString('base64url') !== body || sealed.length < NONCE_BYTES + TAG_BYTES)
    throw new SecretsError('secret_unreadable', at.slot);
  if (wrappedBy !== key_id)
    throw new SecretsError(
      what === 'key' ? 'master_key_mismatch' : 'secret_unreadable',
      what === 'key' ? `${at.slot} by ${wrappedBy}, configured is ${key_id}` : at.slot,
    );
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(aad(`interlock-${what}.v1.${wrappedBy}`, at, version));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    plain.fill(0);
    throw new SecretsError('secret_unreadable', at.slot);
  }
  return plain;
}

/** The master key that wrapped a data key; undefined when the text is no wrapped key. */
export const wrappingKeyId = (wrapped: string): string | undefined => {
  const [, what, id] = FORM.exec(wrapped) ?? [];
  return what === 'key' ? id : undefined;
};

/** A new data key of a slot, and its text under the master key: what the slot's row keeps. */
export function createDataKey(master: NamedKey, at: Place): { data: NamedKey; wrapped: string } {
  const bytes = randomBytes(KEY_BYTES);
  try {
    const data = { key_id: keyId('data', bytes), key: createSecretKey(bytes) };
    return { data, wrapped: seal(master, 'key', at, 0, bytes) };
  } finally {
    bytes.fill(0);
  }
}

/** By the key of the ring that the text names. Errors: SecretsError master_key_mismatch (names the key id), secret_unreadable. */
export function openDataKey(ring: KeyRing, at: Place, wrapped: string): NamedKey {
  const bytes = dataKeyBytes(ring, at, wrapped);
  try {
    return { key_id: keyId('data', bytes), key: createSecretKey(bytes) };
  } finally {
    bytes.fill(0);
  }
}

function dataKeyBytes(ring: KeyRing, at: Place, wrapped: string): Buffer {
  const by = wrappingKeyId(wrapped);
  const bytes = open((by === undefined ? undefined : keyOf(ring, by)) ?? ring, 'key', at, 0, wrapped);
  if (bytes.length === KEY_BYTES) return bytes;
  bytes.fill(0);
  throw new SecretsError('secret_unreadable', at.slot);
}

/**
 * The same data key under another master key, opened once again before it is handed out. Errors: those of `openDataKey`.
 */
export function rewrapDataKey(from: NamedKey, to: NamedKey, at: Place, wrapped: string): string {
  const bytes = dataKeyBytes(from, at, wrapped);
  try {
    const rewrapped = seal(to, 'key', at, 0, bytes);
    const again = dataKeyBytes(to, at, rewrapped);
    const same = timingSafeEqual(bytes, again);
    again.fill(0);
    if (!same) throw new SecretsError('secret_unreadable', at.slot);
    return rewrapped;
  } finally {
    bytes.fill(0);
  }
}

/** The text of one version of a secret; only the same workspace, slot and version open it. */
export const sealSecret = (data: NamedKey, at: Place, version: number, value: Buffer): string =>
  seal(data, 'secret', at, version, value);

/** Errors: SecretsError secret_unreadable. The caller zeroes what it gets. */
export const openSecret = (data: NamedKey, at: Place, version: number, envelope: string): Buffer =>
  open(data, 'secret', at, version, envelope);
