import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** `./script/interlock …` against an API, as an operator types it in `cwd`; what it says, trimmed. */
export function typedAt(api: string, argv: readonly string[], options: { cwd?: string } = {}): Promise<Ran> {
  const { PATH = '', INTERLOCK_CACHE } = process.env;
  const cache = INTERLOCK_CACHE === undefined ? {} : { INTERLOCK_CACHE };
  const env = { PATH, ...cache, INTERLOCK_URL: api };
  return new Promise((done) => {
    const child = execFile(
      resolve('script/interlock'),
      argv,
      { ...options, env, timeout: 150_000 },
      (_error, out, err) => done({ code: child.exitCode ?? -1, out: out.trim(), err: err.trim() }),
    );
  });
}
