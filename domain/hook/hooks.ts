// Who is told of alerts outside is one reviewed set: it is taken whole, by its digest, or refused with every field that is wrong.
import { z } from 'zod';
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { SEVERITIES, severityRank } from '../containment/types.ts';
import type { Severity } from '../containment/types.ts';
import { jsonPath } from '../json/path.ts';
import type { FieldProblem } from '../problem/field-problem.ts';
import { parseSecretRef } from '../secret/secret-ref.ts';
import { inlineSecrets } from '../upstream/inline-secret.ts';

/** What operators are told: an alert at once, a reminder and a page when nobody came. */
export const ALERT_KINDS = ['alert', 'reminder', 'page'] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

const refusal = (code: string): { error: string } => ({ error: code });
const ref = z.string().refine((text) => parseSecretRef(text) !== null, refusal('inline_secret'));

/** http or https, without the parts that would hide a credential or mean nothing to a server: every reader sees it. */
const url = z
  .string()
  .max(2048)
  .refine((text) => inlineSecrets(text).length === 0, refusal('inline_secret'))
  .refine((text) => {
    const parsed = URL.parse(text);
    return (
      parsed !== null &&
      (parsed.protocol === 'http:' || parsed.protocol === 'https:') &&
      parsed.username === '' &&
      parsed.password === '' &&
      parsed.hash === ''
    );
  }, refusal('invalid_value'));

const hook = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/),
  url,
  /** Which alerts it is sent. */
  events: z.array(z.enum(ALERT_KINDS)).min(1),
  /** The least severity of what it is sent. */
  min_severity: z.enum(SEVERITIES),
  secret: z.strictObject({ ref, previous_ref: z.exactOptional(ref) }),
  /** Whether the address may be one of the own network. */
  internal: z.boolean(),
});

const hookSet = z
  .strictObject({ version: z.literal(1), hooks: z.array(hook).max(100) })
  .refine(({ hooks }) => new Set(hooks.map((h) => h.name)).size === hooks.length, refusal('repeated'));

export type Hook = z.infer<typeof hook>;
export type HookSet = z.infer<typeof hookSet>;

/** The set that plain data describes, or every field that is wrong. */
export function parseHooks(raw: unknown): { ok: true; set: HookSet } | { ok: false; fields: FieldProblem[] } {
  const parsed = hookSet.safeParse(raw);
  if (parsed.success) return { ok: true, set: parsed.data };
  const fields = parsed.error.issues.flatMap((issue) => {
    const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: jsonPath([...path, key.slice(0, 64)]), code: 'unknown_field' }));
    const code = issue.code === 'custom' ? issue.message : 'invalid_value';
    return [{ path: jsonPath(path), code }];
  });
  return { ok: false, fields };
}

/** Hex SHA-256 of the set's canonical JSON. */
export const hooksDigest = (set: HookSet, sha256: Sha256): string => hashCanonical(set, sha256);

/** The hooks of a set that an alert goes to. */
export const hooksFor = ({ hooks }: HookSet, { kind, severity }: { kind: AlertKind; severity: Severity }): Hook[] =>
  hooks.filter((h) => h.events.includes(kind) && severityRank(severity) <= severityRank(h.min_severity));
