import { isIncidentClass } from '../domain/containment/types.ts';
import type { IncidentClass } from '../domain/containment/types.ts';
import { isIssuable, isRole } from '../domain/identity/roles.ts';
import type { Role } from '../domain/identity/roles.ts';
import { LIFETIME, readLifetime } from '../domain/identity/token.ts';
import { isTokenUser } from '../domain/identity/user.ts';
import type { TokenTerms, TokenView } from '../domain/identity/token.ts';
import { UsageError } from './errors.ts';
import type { Output } from './output/output.ts';

const COMMAND = 'token issue';

export const tokenPath = (sha256: string, action = ''): string => `/v1/tokens/${encodeURIComponent(sha256)}${action}`;

export interface TermFlags {
  user: string;
  role: string;
  label: string | undefined;
  source: string | undefined;
  classes: string | undefined;
  expires: string | undefined;
}

/** What the flags ask for. Errors: UsageError. */
export function readTerms({ user, role, label, source, classes, expires }: TermFlags): TokenTerms {
  if (!isTokenUser(user))
    throw new UsageError(
      '--user takes 1 to 128 visible ASCII characters that name nobody of the instance itself',
      COMMAND,
    );
  const lifetime = expires === undefined ? LIFETIME.default : readLifetime(expires);
  if (lifetime === undefined) throw new UsageError('--expires takes 1m to 366d, as in 45m, 12h, 30d', COMMAND);
  return {
    user_id: user,
    roles: words<Role>('--role', role, isRole),
    label: label ?? null,
    report_source: source ?? null,
    report_classes: classes === undefined ? null : words<IncidentClass>('--classes', classes, isIncidentClass),
    lifetime,
  };
}

function words<T extends string>(flag: string, text: string, is: (word: unknown) => boolean): T[] {
  const list = [...new Set(text.split(',').map((word) => word.trim()))];
  const unknown = list.find((word) => !is(word));
  if (unknown !== undefined) throw new UsageError(`${flag} does not know '${unknown}'`, COMMAND);
  return list as T[];
}

/** The same as a request to the server. Errors: UsageError for a role that the server issues to nobody. */
export function termsBody(terms: TokenTerms, expires: string | undefined): object {
  const role = terms.roles.find((r) => !isIssuable(r));
  if (role !== undefined)
    throw new UsageError(`tokens of the role ${role} are issued with --database, on the host`, COMMAND);
  return {
    user: terms.user_id,
    roles: terms.roles,
    ...(terms.label === null ? {} : { label: terms.label }),
    ...(terms.report_source === null ? {} : { source: terms.report_source }),
    ...(terms.report_classes === null ? {} : { classes: terms.report_classes }),
    ...(expires === undefined ? {} : { expires_in: expires }),
  };
}

export function tokenFacts(out: Output, t: TokenView): void {
  out.facts([
    ['token_sha256', t.token_sha256],
    ['user', t.user],
    ['roles', t.roles.join(', ')],
    ['workspace', t.workspace_id],
    ['label', t.label],
    ['source', t.source],
    ['classes', t.classes?.join(', ')],
    ['state', t.state],
    ['created_at', t.created_at],
    ['not_after', t.not_after],
    ['issued_by', t.issued_by],
    ...(t.disabled_at === null ? [] : [['disabled', `${t.disabled_at} by ${t.disabled_by ?? ''}`] as const]),
  ]);
}

export function tokenTable(out: Output, tokens: readonly TokenView[]): void {
  out.table(
    tokens,
    [
      { head: 'USER', cell: (t) => t.user },
      { head: 'ROLES', cell: (t) => t.roles.join(' ') },
      { head: 'STATE', cell: (t) => t.state },
      { head: 'NOT AFTER', cell: (t) => t.not_after },
      { head: 'ISSUED BY', cell: (t) => t.issued_by },
      { head: 'LABEL', cell: (t) => t.label },
      { head: 'SHA-256', cell: (t) => t.token_sha256 },
    ],
    'no token was issued',
  );
}
