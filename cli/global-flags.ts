import type { Flag } from './command.ts';

/** Flags of every command; they may stand before its name too. */
export const GLOBAL_FLAGS = {
  'base-url': { kind: 'text', value: 'URL', about: 'where the server is (INTERLOCK_URL, else http://127.0.0.1:8515)' },
  'token-file': { kind: 'text', value: 'FILE', about: 'the file that holds the bearer token' },
  workspace: { kind: 'text', value: 'NAME', about: 'the workspace to act in' },
  json: { kind: 'boolean', about: "print the server's JSON" },
  help: { kind: 'boolean', about: 'show the help' },
} as const satisfies Record<string, Flag>;

export const DEFAULT_URL = 'http://127.0.0.1:8515';
