// What Interlock calls with a credential is an entry of one reviewed file, exact or refused; the credential is named by where it is.
import { z } from 'zod';
import { parseSecretRef } from '../secret/secret-ref.ts';
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { jsonPath } from '../json/path.ts';
import type { FieldProblem } from '../problem/field-problem.ts';
import { inlineSecrets } from './inline-secret.ts';

export const UPSTREAM_KINDS = ['registry', 's3', 'opa', 'oidc', 'oauth', 'notifier', 'mcp', 'provider'] as const;
export type UpstreamKind = (typeof UPSTREAM_KINDS)[number];

/** How the credential travels: `header` under the name of `auth_header`, `oauth` as the token of a login. */
export const AUTH_MODES = ['none', 'bearer', 'basic', 'header', 'oauth'] as const;

export const UPSTREAM_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
export const MOST_UPSTREAMS = 64;

const refusal = (code: string): { error: string } => ({ error: code });
const text = (max: number) => z.string().min(1).max(max);
const name = z.string().regex(UPSTREAM_NAME);
const headerName = z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/);
const headerValue = z.string().regex(/^[\u0020-\u007e]{1,1024}$/);

const expectation = z.strictObject({
  status: z.exactOptional(z.array(z.int().min(100).max(599)).min(1).max(16)),
  contains: z.exactOptional(text(256)),
});

const probe = z.strictObject({
  method: z.enum(['GET', 'HEAD', 'POST']).default('GET'),
  path: z.exactOptional(z.string().regex(/^(\/[\u0021-\u007e]{0,1023})?$/, refusal('invalid_value'))),
  authenticated: z.exactOptional(z.boolean()),
  headers: z.exactOptional(z.record(headerName, headerValue)),
  body: z.exactOptional(z.json()),
  expect: z.exactOptional(expectation),
});

const toolCall = z.strictObject({
  tool: text(128),
  arguments: z.exactOptional(z.record(z.string(), z.json())),
  expect: z.exactOptional(z.strictObject({ contains: text(256) })),
});

const account = z.strictObject({
  client_id: text(256),
  issuer: z.exactOptional(z.string().refine(isUpstreamUrl, refusal('invalid_value'))),
  grant: z.enum(['authorization_code', 'client_credentials']),
  client_auth: z.enum(['none', 'basic', 'post']).default('none'),
  scopes: z
    .array(z.string().regex(/^[\u0021\u0023-\u005b\u005d-\u007e]{1,128}$/))
    .max(32)
    .default([]),
});

const upstream = z
  .strictObject({
    name,
    kind: z.enum(UPSTREAM_KINDS),
    url: z.string().max(2048).refine(isUpstreamUrl, refusal('invalid_value')),
    internal: z.boolean().default(false),
    default: z.boolean().default(false),
    auth: z.exactOptional(z.enum(AUTH_MODES)),
    auth_ref: z.exactOptional(z.string().refine((ref) => parseSecretRef(ref) !== null, refusal('inline_secret'))),
    auth_header: z.exactOptional(headerName),
    oauth: z.exactOptional(account),
    readiness: z.exactOptional(probe),
    auth_check: z.exactOptional(probe),
    canary: z.exactOptional(z.union([toolCall, probe])),
  })
  .superRefine((entry, context) => {
    const refuse = (path: string, code: string): void =>
      context.addIssue({ code: 'custom', message: code, path: [path] });
    const mode = authMode(entry);
    if (['bearer', 'basic', 'header'].includes(mode) && entry.auth_ref === undefined) refuse('auth_ref', 'required');
    // A credential in the clear is read by whoever carries it; the own network may be trusted with it.
    if (mode !== 'none' && !entry.internal && /^http:/i.test(entry.url)) refuse('url', 'needs_tls');
    if (mode === 'none' && entry.auth_ref !== undefined) refuse('auth', 'invalid_value');
    if (mode === 'header' && entry.auth_header === undefined) refuse('auth_header', 'required');
    if (mode !== 'header' && entry.auth_header !== undefined) refuse('auth_header', 'unknown_field');
    if (mode === 'oauth' && entry.oauth === undefined) refuse('oauth', 'required');
    if (mode !== 'oauth' && entry.oauth !== undefined) refuse('oauth', 'unknown_field');
    if (mode === 'oauth' && (entry.oauth?.client_auth ?? 'none') !== 'none' && entry.auth_ref === undefined)
      refuse('auth_ref', 'required');
    if (entry.oauth?.grant === 'client_credentials' && entry.oauth.client_auth === 'none')
      refuse('oauth', 'invalid_value');
    // Else the MCP server would say where the secret of the client is sent.
    if (entry.kind === 'mcp' && entry.oauth?.issuer === undefined && (entry.oauth?.client_auth ?? 'none') !== 'none')
      refuse('oauth', 'issuer_required');
    if (entry.canary !== undefined && 'tool' in entry.canary !== (entry.kind === 'mcp'))
      refuse('canary', 'invalid_value');
    if (entry.kind === 'mcp' && entry.readiness !== undefined) refuse('readiness', 'unknown_field');
    if (entry.kind === 'mcp' && entry.auth_check !== undefined) refuse('auth_check', 'unknown_field');
  });

const upstreamsFile = z.strictObject({
  version: z.literal(1),
  upstreams: z
    .array(upstream)
    .max(MOST_UPSTREAMS)
    .superRefine((entries, context) => {
      const refuse = (at: number, path: string) =>
        context.addIssue({ code: 'custom', message: 'repeated', path: [at, path] });
      for (const [i, entry] of entries.entries()) {
        if (entries.findIndex((other) => other.name === entry.name) < i) refuse(i, 'name');
        if (entry.default && entries.findIndex((other) => other.default) < i) refuse(i, 'default');
      }
    }),
});

export type Upstream = z.infer<typeof upstream>;
export type HttpProbe = z.infer<typeof probe>;
export type ToolCall = z.infer<typeof toolCall>;
export type OauthAccount = z.infer<typeof account>;
export type Upstreams = z.infer<typeof upstreamsFile>;

/** A file that is no list of upstreams, with every place that is wrong. Codes: inline_secret, required, unknown_field, repeated, needs_tls, issuer_required, too_deep, invalid_value. */
export class UpstreamsError extends Error {
  override readonly name = 'UpstreamsError';
  readonly fields: FieldProblem[];

  constructor(fields: FieldProblem[]) {
    super(`upstreams refused: ${fields.map((f) => `${f.code} at ${f.path || 'the file'}`).join(', ')}`);
    this.fields = fields;
  }
}

/** How the credential of an entry travels where it does not say so: as a bearer token where there is one. */
export const authMode = (entry: Pick<Upstream, 'kind' | 'auth' | 'auth_ref'>): (typeof AUTH_MODES)[number] =>
  entry.auth ?? (entry.kind === 'oauth' ? 'oauth' : entry.auth_ref === undefined ? 'none' : 'bearer');

/** The upstreams that plain data describes. Errors: UpstreamsError; an inline credential is named before anything else. */
export function parseUpstreams(raw: unknown): Upstreams {
  const inline = inlineSecrets(raw);
  if (inline.length > 0) throw new UpstreamsError(inline);
  const parsed = upstreamsFile.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new UpstreamsError(parsed.error.issues.flatMap((issue) => problemsOf(issue, raw)));
}

/** Hex SHA-256 of the canonical JSON of the file, or of one entry. */
export const upstreamsDigest = (value: Upstreams | Upstream, sha256: Sha256): string => hashCanonical(value, sha256);

/** http or https and nothing that could carry a credential or mean nothing to a server. */
function isUpstreamUrl(value: string): boolean {
  return /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/i.test(value);
}

const OWN_CODES = ['inline_secret', 'required', 'unknown_field', 'repeated', 'needs_tls', 'issuer_required'];

function problemsOf(issue: z.core.$ZodIssue, raw: unknown): FieldProblem[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: jsonPath([...path, key]), code: 'unknown_field' }));
  const missing = issue.code === 'invalid_type' && valueAt(raw, path) === undefined;
  const code = missing ? 'required' : OWN_CODES.includes(issue.message) ? issue.message : 'invalid_value';
  return [{ path: jsonPath(path), code }];
}

const valueAt = (raw: unknown, path: (string | number)[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | null | undefined)?.[key], raw);
