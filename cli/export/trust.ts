import { readFileSync, statSync } from 'node:fs';
import { provenanceKeysSchema, verificationKeysOf } from '../../domain/export/provenance-key.ts';
import type { ExportTrust } from '../../domain/export/proof-check.ts';
import { OPERATOR_KEY_ID } from '../../domain/signing/operator-key.ts';
import { operatorKeyId } from '../../domain/signing/operator-key.ts';
import type { VerificationKey } from '../../domain/signing/dsse.ts';
import { UsageError } from '../errors.ts';
import { readLedgerKeys } from '../forensic/keys.ts';
import { readKeyFile } from '../keys/key-file.ts';
import { sharedSha256 } from '../sha256.ts';
import { readRemembered } from './remembered.ts';

const COMMAND = 'export verify';
const LONGEST_FILE = 1024 * 1024;

export const TRUST_FLAGS = {
  'key-file': {
    kind: 'text',
    value: 'FILE',
    about: 'the public key of the instance (PEM), or all of them, as provenance keys --json prints them',
  },
  trust: { kind: 'text', value: 'KEY_ID', about: 'the id of the key that you know, sha256:…; it is the key’s digest' },
  'log-key': {
    kind: 'text',
    value: 'LINE|FILE',
    about: 'the verifier key of the log, as GET /ledger/key answers it, or all of them, as GET /ledger/keys does',
  },
  remember: {
    kind: 'text',
    value: 'FILE',
    about: 'the keys that exports were verified with before; written when this one was, by a key that you named',
  },
} as const;

interface Flags {
  'key-file': string | undefined;
  trust: string | undefined;
  'log-key': string | undefined;
  remember: string | undefined;
}

/** By what the reader knows the instance; `from` says where they have it from. */
export interface NamedTrust extends ExportTrust {
  from: 'passed' | 'remembered' | 'nowhere';
}

/** Errors: UsageError. */
export async function readTrust(flags: Flags): Promise<NamedTrust> {
  const { 'key-file': file, trust: id, 'log-key': line } = flags;
  if (id !== undefined && !OPERATOR_KEY_ID.test(id)) throw new UsageError('--trust is no id of a key', COMMAND);
  const remembered = flags.remember === undefined ? [] : await readRemembered(flags.remember);
  const passed = file !== undefined || id !== undefined || line !== undefined;
  return {
    provenance: file === undefined ? (passed ? [] : remembered) : readKeys(file),
    provenance_ids: id === undefined ? [] : [id],
    log: line === undefined ? [] : readLedgerKeys(line),
    from: passed ? 'passed' : remembered.length > 0 ? 'remembered' : 'nowhere',
  };
}

function readKeys(file: string): VerificationKey[] {
  const text = textOf(file);
  if (!text.trimStart().startsWith('{')) return [readKeyFile(file, COMMAND)];
  try {
    const keys = verificationKeysOf(provenanceKeysSchema.parse(JSON.parse(text)).keys);
    // A key under another's name would be trusted for what that one signed.
    if (keys.length > 0 && keys.every((key) => operatorKeyId(key.public_key, sharedSha256) === key.key_id)) return keys;
  } catch {
    // What the file holds instead is nobody's to print.
  }
  throw new UsageError(`the key file ${file} holds no provenance keys`, COMMAND);
}

function textOf(file: string): string {
  try {
    if (statSync(file).size <= LONGEST_FILE) return readFileSync(file, 'utf8');
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    throw new UsageError(`the key file ${file} cannot be read (${code})`, COMMAND);
  }
  throw new UsageError(`the key file ${file} is too long`, COMMAND);
}
