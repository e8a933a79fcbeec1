import { readFileSync, statSync } from 'node:fs';

/** Who may write a command may run anything by it. */
const WRITABLE_BY_OTHERS = 0o022;
const LONGEST_FILE = 256 * 1024;

/** Which commands may run as adapters: those of a reviewed file, one absolute path per line; `#` begins a comment. */
export interface CommandRules {
  file: string | undefined;
  env: 'embedded' | 'production';
}

/**
 * Whether a command may run as an adapter, read at each use: a path that is taken out of the file is not started again.
 * Without a file any absolute path may in the embedded instance, and none in production; a file that cannot be read lists
 * nothing.
 */
export function mayRun(command: string, { file, env }: CommandRules): boolean {
  if (file === undefined) return env === 'embedded';
  try {
    if (statSync(file).size > LONGEST_FILE) return false;
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.map((line) => line.trim()).some((line) => line.startsWith('/') && line === command);
  } catch {
    return false;
  }
}

/** Whether a command is a file that only its owner could have put something else into. */
export function isSound(command: string): boolean {
  try {
    const stat = statSync(command);
    return stat.isFile() && (stat.mode & WRITABLE_BY_OTHERS) === 0;
  } catch {
    return false;
  }
}
