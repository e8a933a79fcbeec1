import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A root as the reviewed file names it. */
export interface EkRootEntry {
  name: string;
  trust: 'hardware' | 'simulated';
  /** The trust anchor. */
  anchor: X509Certificate;
  /** Certificates that may stand between the anchor and an EK certificate. */
  intermediates: X509Certificate[];
}

const LONGEST_FILE = 1024 * 1024;
const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

const fileSchema = z
  .array(
    z.strictObject({
      name: z.string().regex(/^[\x20-\x7e]{1,128}$/),
      trust: z.enum(['hardware', 'simulated']),
      pem: z.string().max(64 * 1024),
    }),
  )
  .max(256)
  .refine((roots) => new Set(roots.map((r) => r.name)).size === roots.length, 'a name appears twice');

/** A file of EK roots that is none; the message names the place. */
export class EkRootsFileError extends Error {
  override readonly name = 'EkRootsFileError';
  readonly code = 'ek_roots_malformed';

  constructor(path: string, sentence: string) {
    super(`${path}: ${sentence}`);
  }
}

/**
 * The EK roots in the JSON file at `path`: `[{name, trust: "hardware"|"simulated", pem}]`. `pem` is the trust anchor,
 * then any intermediates of that vendor. Errors: EkRootsFileError.
 */
export function loadEkRootsFile(path: string): EkRootEntry[] {
  const parsed = fileSchema.safeParse(readJson(path));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new EkRootsFileError(path, `${issue?.path.join('.') || 'the list'}: ${issue?.message ?? 'not valid'}`);
  }
  return parsed.data.map(({ name, trust, pem }) => {
    const [anchor, ...intermediates] = certificates(path, name, pem);
    if (anchor === undefined) throw new EkRootsFileError(path, `${name}: pem holds no certificate`);
    return { name, trust, anchor, intermediates };
  });
}

function certificates(path: string, name: string, pem: string): X509Certificate[] {
  try {
    return (pem.match(BLOCK) ?? []).map((block) => new X509Certificate(block));
  } catch {
    throw new EkRootsFileError(path, `${name}: pem holds something else than certificates`);
  }
}

function readJson(path: string): unknown {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new EkRootsFileError(path, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
  if (bytes.length > LONGEST_FILE) throw new EkRootsFileError(path, `is longer than ${LONGEST_FILE} bytes`);
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    throw new EkRootsFileError(path, 'is not JSON');
  }
}
