import { readFile } from 'node:fs/promises';
import { parseSecretRef } from '../domain/secret/secret-ref.ts';
import type { SlotRef } from '../domain/secret/secret-ref.ts';

/** The value of a `control` slot, zeroed by whoever asked; null when there is none that opens. */
export type ReadSlot = (ref: SlotRef) => Promise<Buffer | null>;

/** The keys that were found, and whether one that should be there is not, or is too short to sign with. */
export interface FoundKeys {
  keys: Buffer[];
  missing: boolean;
}

const PREFIX = 'whsec_';
const SHORTEST = 16;
const LONGEST_FILE = 4096;

/**
 * The signing keys that references name, read at each use: a rotated file or slot is in force at once. `whsec_` marks base64,
 * as Standard Webhooks writes keys; anything else is taken as it stands, without blanks around it. A slot without an earlier
 * version has no `previous` key, and that is no error.
 */
export async function readKeys(refs: readonly string[], readSlot: ReadSlot): Promise<FoundKeys> {
  const found = await Promise.all(refs.map((ref) => readKey(ref, readSlot)));
  return {
    keys: found.filter((key) => typeof key === 'object'),
    missing: found.includes('missing'),
  };
}

async function readKey(ref: string, readSlot: ReadSlot): Promise<Buffer | 'missing' | 'none'> {
  const parsed = parseSecretRef(ref);
  if (parsed === null) return 'missing';
  switch (parsed.kind) {
    case 'env':
      return keyOf(process.env[parsed.name] ?? '');
    case 'file':
      return keyOf(await readText(parsed.path));
    case 'slot': {
      const value = await readSlot(parsed);
      if (value === null) return parsed.which === 'previous' ? 'none' : 'missing';
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

function keyOf(text: string): Buffer | 'missing' {
  const value = text.trim();
  const key = value.startsWith(PREFIX) ? Buffer.from(value.slice(PREFIX.length), 'base64') : Buffer.from(value, 'utf8');
  return key.length < SHORTEST ? 'missing' : key;
}

async function readText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    return bytes.length > LONGEST_FILE ? '' : bytes.toString('utf8');
  } catch {
    return '';
  }
}
