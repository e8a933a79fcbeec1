import { z } from 'zod';
import { fromBase64, toBase64 } from '../../domain/signing/base64.ts';
import type { VerificationKey } from '../../domain/signing/dsse.ts';
import { operatorKeyId, PUBLIC_KEY_BYTES } from '../../domain/signing/operator-key.ts';
import { UsageError } from '../errors.ts';
import { readBounded } from '../ledger/log-source.ts';
import { replaceFile } from '../ledger/write-file.ts';
import { sharedSha256 } from '../sha256.ts';

const LONGEST_FILE = 256 * 1024;
const schema = z.strictObject({ provenance: z.array(z.string()).max(1024) });

/** The keys in the file; none where there is no file yet. Errors: UsageError for a file that holds something else. */
export async function readRemembered(file: string): Promise<VerificationKey[]> {
  const bytes = await readBounded(file, LONGEST_FILE);
  if (bytes === null) return [];
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString())).provenance.map((text) => {
      const public_key = fromBase64(text);
      if (public_key?.length !== PUBLIC_KEY_BYTES) throw new TypeError('no key');
      return { key_id: operatorKeyId(public_key, sharedSha256), public_key };
    });
  } catch {
    // To go on as if nothing were remembered would let a stranger's key in.
    throw new UsageError(`the file ${file} does not hold remembered keys`);
  }
}

/** Adds keys that an export was verified with. Errors: UsageError, CliError `unwritable`. */
export async function remember(file: string, keys: readonly VerificationKey[]): Promise<void> {
  const known = await readRemembered(file);
  const all = new Set([...known, ...keys].map(({ public_key }) => toBase64(public_key)));
  await replaceFile(file, `${JSON.stringify({ provenance: [...all] }, null, 2)}\n`, { last: true });
}
