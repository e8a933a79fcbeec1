import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What of the output is held to be looked at; the digest is of all of it. */
const HELD = 1024 * 1024;

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** `interlock` in a step is this very command, with the server, token and workspace that were given to it. */
const PRELUDE = 'interlock() { "$ILK_NODE" "$ILK_MAIN" "${ILK_GLOBALS[@]}" "$@"; }\n';

export interface Ran {
  exit: number;
  output: string;
  output_sha256: string;
}

export interface RunOptions {
  command: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Global flags, as they would be typed. */
  globals: readonly string[];
  /** What it prints, as it prints it. */
  print: (text: string) => void;
}

const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** Runs lines of shell, both streams together as a person would see them. A shell that a signal ended has no 0. */
export async function runCommand({ command, env, globals, print }: RunOptions): Promise<Ran> {
  const script = `exec 2>&1\nset -uo pipefail\nILK_GLOBALS=(${globals.map(quoted).join(' ')})\n${PRELUDE}${command}`;
  const own = { ILK_NODE: process.execPath, ILK_MAIN: MAIN };
  const child = spawn('bash', ['-c', script], { env: { ...env, ...own }, stdio: ['ignore', 'pipe', 'inherit'] });
  const hash = createHash('sha256');
  let output = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    hash.update(text, 'utf8');
    if (output.length < HELD) output += text.slice(0, HELD - output.length);
    print(text);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { exit: code ?? (signal === null ? 1 : 128), output, output_sha256: hash.digest('hex') };
}
