import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { CLASSES } from '../../domain/containment/types.ts';
import { ROLES } from '../../domain/identity/roles.ts';
import { workspaceId } from '../workspace.ts';
import type { Principal } from './principal.ts';

const role = z.enum(ROLES);
const entry = z
  .strictObject({
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    user: z.string().regex(/^[\x21-\x7e]{1,128}$/),
    role: role.optional(),
    roles: z.array(role).min(1).optional(),
    workspace: workspaceId.default('default'),
    source: z.string().min(1).optional(),
    classes: z.array(z.enum(CLASSES)).min(1).optional(),
  })
  .refine((e) => (e.role === undefined) !== (e.roles === undefined));

export type Tokens = ReadonlyMap<string, Principal>;

/** A tokens file that does not parse; the message names the place and never repeats a value. */
export class TokensFileError extends Error {
  override readonly name = 'TokensFileError';
  readonly code = 'tokens_malformed';
}

/** Principals by SHA-256 of their token, from a JSON array or one JSON object per line. Errors: TokensFileError. */
export function parseTokens(text: string): Tokens {
  const tokens = new Map<string, Principal>();
  for (const [i, raw] of readEntries(text).entries()) {
    const parsed = entry.safeParse(raw);
    if (!parsed.success)
      throw new TokensFileError(`entry ${i + 1}: ${parsed.error.issues[0]?.path.join('.') ?? ''} is not valid`);
    const { sha256, user, role: single, roles, workspace, source, classes } = parsed.data;
    if (tokens.has(sha256)) throw new TokensFileError(`entry ${i + 1}: the token appears twice`);
    tokens.set(sha256, {
      actor: user,
      roles: roles ?? (single === undefined ? [] : [single]),
      workspace_id: workspace,
      ...(source === undefined ? {} : { report_source: source }),
      ...(classes === undefined ? {} : { report_classes: classes }),
    });
  }
  return tokens;
}

function readEntries(text: string): unknown[] {
  try {
    if (text.trimStart().startsWith('[')) return JSON.parse(text) as unknown[];
    return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as unknown]));
  } catch {
    throw new TokensFileError('neither a JSON array nor JSON lines');
  }
}

/** The principal of a bearer token. */
export function findToken(tokens: Tokens, token: string): Principal | undefined {
  const digest = createHash('sha256').update(token, 'utf8').digest();
  for (const [sha256, principal] of tokens) if (timingSafeEqual(digest, Buffer.from(sha256, 'hex'))) return principal;
  return undefined;
}

/** How old the knowledge of the file may be; a token removed from it stops working within a second. */
const FRESH_MS = 500;

/**
 * The tokens of a file, read again when it was replaced. A file that cannot be read or parsed holds no tokens: whoever
 * was removed in the same edit must not get in on the old one.
 */
export function watchTokens(path: string, onUnreadable: (error: unknown) => void): () => Promise<Tokens> {
  let tokens: Tokens = new Map();
  let seen = '';
  let fresh: { until: number; tokens: Promise<Tokens> } | undefined;

  async function refresh(): Promise<Tokens> {
    try {
      const { ino, mtimeMs, size } = await stat(path);
      const version = `${ino}/${mtimeMs}/${size}`;
      if (version !== seen) {
        tokens = parseTokens(await readFile(path, 'utf8'));
        seen = version;
      }
    } catch (error) {
      tokens = new Map();
      seen = '';
      onUnreadable(error);
    }
    return tokens;
  }

  return () => {
    const now = performance.now();
    if (fresh === undefined || now > fresh.until) fresh = { until: now + FRESH_MS, tokens: refresh() };
    return fresh.tokens;
  };
}
