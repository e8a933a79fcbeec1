import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Has a folder remember the names in it: what was linked or renamed is there after the power failed. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function writeDraft(path: string, content: string, mode: number): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, content, { mode, flush: true });
  return draft;
}

/**
 * Makes a file of a secret, 0600, where there is none; false when there is. Of processes that start together one makes it,
 * and it is on the disk under its name before anything is bound to it.
 */
export function makePrivateFile(path: string, content: string): boolean {
  const draft = writeDraft(path, content, 0o600);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(draft);
    syncFolder(dirname(path));
  }
}

/** Writes a file that is only read from then on, 0444, in one step, also over one that is there. */
export function writeReadOnlyFile(path: string, content: string): void {
  const draft = writeDraft(path, content, 0o444);
  renameSync(draft, path);
  syncFolder(dirname(path));
}
