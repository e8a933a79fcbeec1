import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { removeTree } from './remove-tree.ts';

/** A state root of its own for one test, removed when the test is over. */
export function temporaryStateRoot(): string {
  const directory = mkdtempSync(join(tmpdir(), 'interlock-test-'));
  onTestFinished(() => removeTree(directory));
  return directory;
}
