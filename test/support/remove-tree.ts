import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Removes a folder with the read-only ones in it, such as those of blobs, which an ordinary user could not empty. */
export function removeTree(folder: string): void {
  open(folder);
  rmSync(folder, { recursive: true, force: true });
}

function open(folder: string): void {
  try {
    chmodSync(folder, 0o700);
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) open(join(folder, entry.name));
  } catch {
    // Not there, or gone meanwhile: what can't be removed is said when it is removed.
  }
}
