import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A state root of its own for one test, removed when the test is over. */
export function temporaryStateRoot(): string {
  const directory = mkdtempSync(join(tmpdir(), 'interlock-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
