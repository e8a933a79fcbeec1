import { readFile } from 'node:fs/promises';
import { parseSecretRef } from '../../domain/adapter/secret-ref.ts';

/** A secret that is not where its reference says, or too short to sign with. Says nothing about its value. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
  readonly code = 'secret_unavailable';
}

const PREFIX = 'whsec_';
const SHORTEST = 16;
const LONGEST_FILE = 4096;

/**
 * The signing key that a reference names, read at each use: a rotated file is in force at once. `whsec_` marks base64, as
 * Standard Webhooks writes keys; anything else is taken as it stands, without blanks around it.
 */
export async function readSecret(ref: string): Promise<Buffer> {
  const parsed = parseSecretRef(ref);
  if (parsed === null) throw new SecretError('not a reference');
  const text = parsed.kind === 'env' ? process.env[parsed.name] : await readText(parsed.path);
  const value = text?.trim() ?? '';
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
