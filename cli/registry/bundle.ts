import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LEDGER_PATH, PENDING_PATH } from '../../domain/governance/line.ts';
import { digestHex } from '../../domain/registry/digest.ts';
import { isBundlePath, readManifest } from '../../domain/registry/manifest.ts';
import type { BundleManifest } from '../../domain/registry/manifest.ts';
import { UsageError } from '../errors.ts';

/** Errors: UsageError, with what the operand is called. */
export const requireDigest = (value: string): string =>
  digestHex(value) ?? fail(`${value} is no digest: sha256: and 64 lowercase hex digits`);

function fail(message: string): never {
  throw new UsageError(message);
}

/**
 * The files under a folder by their paths in the bundle, in order; its governance ledger, which grows while the bundle
 * stays, is none of them. Errors: UsageError for what cannot be in one.
 */
export async function filesUnder(folder: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (inside: string): Promise<void> => {
    for (const entry of await readdir(join(folder, inside), { withFileTypes: true })) {
      const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
      if (entry.isDirectory()) await walk(path);
      else if (path === LEDGER_PATH || path === PENDING_PATH) continue;
      else if (!entry.isFile()) fail(`${path} is neither a file nor a folder`);
      else found.push(isBundlePath(path) ? path : fail(`${JSON.stringify(path)} cannot be a path of a bundle`));
    }
  };
  await walk('');
  return found.sort((a, b) => (a < b ? -1 : 1));
}

/** The time of the newest file, in whole seconds: the same folder is the same bundle whenever it is published. */
export async function newestOf(folder: string, paths: readonly string[]): Promise<string> {
  const times = await Promise.all(paths.map(async (path) => (await stat(join(folder, path))).mtimeMs));
  return new Date(Math.floor(Math.max(...times) / 1000) * 1000).toISOString();
}

/** A manifest that the server would take. Errors: UsageError, with the first field that is wrong. */
export function requireManifest(value: unknown): BundleManifest {
  const read = readManifest(value);
  if (read.ok) return read.manifest;
  const [first] = read.fields;
  return fail(`the manifest is refused: ${first?.path ?? ''} ${first?.code ?? ''}`);
}

/** The manifest in a file. Errors: UsageError. */
export async function manifestFile(path: string): Promise<BundleManifest> {
  try {
    return requireManifest(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return fail(`${path} does not hold one JSON value`);
  }
}
