import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { StepFailure } from '../../../activities/rotation/strategy.ts';

const ENTRY = fileURLToPath(new URL('./open-database.ts', import.meta.url));
const TIMEOUT_MS = 30_000;
const run = promisify(execFile);

/** What a process that starts with a key's file says: the id of the key it opened the database with, or its refusal. */
export type FreshStart = { key_id: string } | { code: string };

/** Starts one. Throws StepFailure start_failed when it says neither. */
export async function freshStart(databaseUrl: string, keyFile: string): Promise<FreshStart> {
  try {
    // Nothing of this process's environment: the file alone is tried.
    const env = { INTERLOCK_DATABASE_URL: databaseUrl };
    const { stdout } = await run(process.execPath, [ENTRY, keyFile], { env, timeout: TIMEOUT_MS });
    return JSON.parse(stdout) as FreshStart;
  } catch {
    throw new StepFailure('start_failed', { retry: true });
  }
}
