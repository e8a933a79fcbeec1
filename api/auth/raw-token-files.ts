import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Role } from '../../domain/identity/roles.ts';
import type { Principal } from './principal.ts';
import type { Tokens } from './tokens-file.ts';

export type Privilege = 'admin' | 'readonly';
export type RawTokenFiles = Readonly<Record<Privilege, string | undefined>>;

/** What became of a file; nothing of its content is in it. */
export interface RawTokenEvent {
  code: 'token_file_loaded' | 'token_file_refused';
  privilege: Privilege;
  file: string;
  reason?: Refusal;
}

/**
 * Why a file gives nobody access: it cannot be read, it is no file, others may read it, it does not hold one token of at
 * least 20 characters, or the other file holds the same one.
 */
type Refusal = 'unreadable' | 'no_file' | 'mode' | 'malformed' | 'not_distinct';

/** Everything but an approval, which names a person. */
const ADMIN: readonly Role[] = ['org_admin', 'security_owner', 'incident_commander', 'operator', 'auditor'];

const PRINCIPALS: Readonly<Record<Privilege, Principal>> = {
  admin: { actor: 'admin-token', roles: ADMIN, workspace_id: 'default' },
  readonly: { actor: 'readonly-token', roles: ['viewer'], workspace_id: 'default' },
};
const PRIVILEGES = ['admin', 'readonly'] as const;

const RAW = /^[A-Za-z0-9._~+/=-]{20,512}$/;
const MAX_BYTES = 1024;

/** How old the knowledge of a file may be; the token of a replaced file stops working within a second. */
const FRESH_MS = 500;

export interface RawTokens {
  tokens: () => Promise<Tokens>;
  /** The files that give nobody access now. */
  refused: () => Promise<RefusedFile[]>;
}

export interface RefusedFile {
  privilege: Privilege;
  reason: Refusal;
}

type Read = { sha256: string } | { reason: Refusal };

/**
 * The tokens of two files of one raw token each, read again and again: writing `FILE.next` and renaming it replaces one.
 * While both hold the same token neither counts, and a file that cannot be read stands for what it held last.
 */
export function watchRawTokens(files: RawTokenFiles, onEvent: (event: RawTokenEvent) => void): RawTokens {
  const held: Partial<Record<Privilege, string>> = {};
  const said: Partial<Record<Privilege, string>> = {};
  let fresh: { until: number; tokens: Promise<Tokens> } | undefined;
  let refused: RefusedFile[] = [];

  async function refresh(): Promise<Tokens> {
    const [admin, readonly] = await Promise.all(PRIVILEGES.map((privilege) => readRaw(files[privilege])));
    const read = { admin, readonly };
    for (const privilege of PRIVILEGES) {
      const now = read[privilege];
      if (now !== undefined && 'sha256' in now) held[privilege] = now.sha256;
    }
    const same = held.admin !== undefined && held.admin === held.readonly;
    const tokens = new Map<string, Principal>();
    const out: RefusedFile[] = [];
    for (const privilege of PRIVILEGES) {
      const [now, file] = [read[privilege], files[privilege]];
      if (now === undefined || file === undefined) continue;
      const outcome: Read = same && 'sha256' in now ? { reason: 'not_distinct' } : now;
      if ('sha256' in outcome) tokens.set(outcome.sha256, PRINCIPALS[privilege]);
      else out.push({ privilege, reason: outcome.reason });
      say(privilege, file, outcome);
    }
    refused = out;
    return tokens;
  }

  /** Once for each change. */
  function say(privilege: Privilege, file: string, outcome: Read): void {
    const what = 'reason' in outcome ? outcome.reason : outcome.sha256;
    if (said[privilege] === what) return;
    said[privilege] = what;
    if ('reason' in outcome) onEvent({ code: 'token_file_refused', privilege, file, reason: outcome.reason });
    else onEvent({ code: 'token_file_loaded', privilege, file });
  }

  function tokens(): Promise<Tokens> {
    const now = performance.now();
    if (fresh === undefined || now > fresh.until) fresh = { until: now + FRESH_MS, tokens: refresh() };
    return fresh.tokens;
  }

  return { tokens, refused: async () => (await tokens(), refused) };
}

async function readRaw(path: string | undefined): Promise<Read | undefined> {
  if (path === undefined) return undefined;
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) return { reason: 'no_file' };
    if ((stat.mode & 0o077) !== 0) return { reason: 'mode' };
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
    const token = buffer.subarray(0, bytesRead).toString('utf8').trim();
    return RAW.test(token) ? { sha256: createHash('sha256').update(token).digest('hex') } : { reason: 'malformed' };
  } catch {
    return { reason: 'unreadable' };
  }
}

/** The tokens of several sources together; one that two of them name differently counts in neither. */
export function joinTokens(
  sources: readonly (() => Promise<Tokens>)[],
  onTwice: (count: number) => void = () => undefined,
): () => Promise<Tokens> {
  let last: { parts: Tokens[]; all: Tokens } | undefined;
  let said = 0;
  return async () => {
    const parts = await Promise.all(sources.map((source) => source()));
    if (last === undefined || parts.some((part, i) => part !== last?.parts[i]))
      last = { parts, all: union(parts, say) };
    return last.all;
  };

  /** Once for each change: the files are read again and again. */
  function say(count: number): void {
    if (count > 0 && count !== said) onTwice(count);
    said = count;
  }
}

function union(parts: readonly Tokens[], say: (count: number) => void): Tokens {
  const all = new Map<string, Principal>();
  const twice = new Set<string>();
  for (const part of parts)
    for (const [sha256, principal] of part) {
      if (all.has(sha256)) twice.add(sha256);
      all.set(sha256, principal);
    }
  for (const sha256 of twice) all.delete(sha256);
  say(twice.size);
  return all;
}
