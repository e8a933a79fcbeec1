import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST, MANIFEST_PROOF, parseManifest } from '../../domain/evidence/manifest.ts';
import type { EvidenceManifest } from '../../domain/evidence/manifest.ts';
import { readTar } from '../../domain/evidence/tar.ts';
import type { TarProblem } from '../../domain/evidence/tar.ts';
import { UsageError } from '../errors.ts';

export interface ReadEvidence {
  files: ReadonlyMap<string, Uint8Array>;
  /** Of the archive itself, whatever its files are. */
  problems: TarProblem[];
  /** False where the archive could not be read to its end. */
  whole: boolean;
}

/** An archive, or a folder that one was unpacked into. Errors: UsageError. */
export async function readEvidence(path: string): Promise<ReadEvidence> {
  try {
    const stat = await lstat(path);
    if (stat.isDirectory()) return { files: await readFolder(path), problems: [], whole: true };
    const bytes = await readFile(path);
    let manifest: EvidenceManifest | undefined;
    return readTar(bytes, (index, files) => {
      const own = files.get(MANIFEST);
      manifest ??= own === undefined ? undefined : parseManifest(own);
      const file = manifest?.files[index - (files.has(MANIFEST_PROOF) ? 2 : 1)];
      return file === undefined || index < 2 ? undefined : { path: file.path, size: file.bytes };
    });
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string') throw error;
    throw new UsageError(`${path} cannot be read (${code})`, 'evidence verify');
  }
}

async function readFolder(root: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    // What is no file, as a link out of the folder, is listed without being followed.
    files.set(path.slice(join(root, '/').length), entry.isFile() ? await readFile(path) : new Uint8Array());
  }
  return files;
}
