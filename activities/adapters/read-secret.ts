import { readFile } from 'node:fs/promises';
import { parseSecretRef } from '../../domain/secret/secret-ref.ts';
import type { SlotRef } from '../../domain/secret/secret-ref.ts';

/** A secret that is not where its reference says, or too short to sign with. Says nothing about its value. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
  readonly code = 'secret_unavailable';
}

/** The value of a `control` slot, zeroed by whoever asked; null when there is none that opens. */
export type ReadSlot = (ref: SlotRef) => Promise<Buffer | null>;

const PREFIX = 'whsec_';
const SHORTEST = 16;
const LONGEST_FILE = 4096;

/**
 * The signing keys that references name, read at each use: a rotated file or slot is in force at once. `whsec_` marks base64,
 * as Standard Webhooks writes keys; anything else is taken as it stands, without blanks around it. A slot without an earlier
 * version has no `previous` key, and that is no error.
 */
export async function readSecrets(refs: readonly string[], readSlot: ReadSlot): Promise<Buffer[]> {
  const keys = await Promise.all(refs.map((ref) => readSecret(ref, readSlot)));
  return keys.filter((key) => key !== null);
}

async function readSecret(ref: string, readSlot: ReadSlot): Promise<Buffer | null> {
  const parsed = parseSecretRef(ref);
  if (parsed === null) throw new SecretError('not a reference');
  switch (parsed.kind) {
    case 'env':
      return keyOf(process.env[parsed.name] ?? '');
    case 'file':
      return keyOf(await readText(parsed.path));
    case 'slot': {
      const value = await readSlot(parsed);
      if (value === null && parsed.which === 'previous') return null;
      if (value === null) throw new SecretError('no such slot');
      try {
        return keyOf(value.toString('utf8'));
      } finally {
        value.fill(0);
      }
    }
    default: {
      const unknown: never = parsed;
      throw new Error(`unknown reference ${JSON.stringify(unknown)}`);
    }
  }
}

function keyOf(text: string): Buffer {
  const value = text.trim();
  const key = value.startsWith(PREFIX) ? Buffer.from(value.slice(PREFIX.length), 'base64') : Buffer.from(value, 'utf8');
  if (key.length < SHORTEST) throw new SecretError('missing or too short');
  return key;
}

async function readText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.length <= LONGEST_FILE) return bytes.toString('utf8');
  } catch {
    throw new SecretError('unreadable');
  }
  throw new SecretError('too large');
}
