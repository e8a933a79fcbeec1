import { isIncidentClass } from '../../domain/containment/types.ts';
import type { IncidentClass } from '../../domain/containment/types.ts';
import { isRole } from '../../domain/identity/roles.ts';
import type { Role } from '../../domain/identity/roles.ts';
import type { TokenRecord } from '../../domain/identity/token.ts';
import { one, prepared, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { Page } from './list-incidents.ts';
import { Parameters } from './parameters.ts';

/** Every column of a `TokenRecord`. */
export const TOKEN_COLUMNS = `workspace_id, token_sha256, user_id, roles, label, report_source, report_classes, created_at,
  not_after, disabled, disabled_at, disabled_by, actor, CASE WHEN disabled = 1 THEN 'disabled'
    WHEN not_after <= clock_timestamp() THEN 'expired' ELSE 'active' END AS state`;

/** Whom a token in force speaks for. Its last moment is in milliseconds of the database's clock. */
export interface TokenInForce {
  workspace_id: string;
  user_id: string;
  roles: Role[];
  report_source: string | null;
  report_classes: IncidentClass[] | null;
  not_after_ms: number;
}

const IN_FORCE = `SELECT workspace_id, user_id, roles, report_source, report_classes,
    (extract(epoch FROM not_after) * 1000)::float8 AS not_after_ms
  FROM api_tokens WHERE token_sha256 = $1 AND disabled = 0 AND not_after > clock_timestamp()`;

/**
 * The token of a SHA-256, undefined when there is none, it is disabled, or over by the database's clock. Words that are no
 * role or class of ours, typed by hand, give nothing.
 */
export async function tokenInForce(db: Queryable, token_sha256: string): Promise<TokenInForce | undefined> {
  const [row] = await prepared<TokenInForce>(db, 'token-in-force', IN_FORCE, [token_sha256]);
  if (row === undefined) return undefined;
  const report_classes = row.report_classes?.filter(isIncidentClass) ?? null;
  return { ...row, roles: row.roles.filter(isRole), report_classes };
}

export const getToken = (db: Queryable, workspace_id: string, token_sha256: string): Promise<TokenRecord | undefined> =>
  one<TokenRecord>(db, `SELECT ${TOKEN_COLUMNS} FROM api_tokens WHERE token_sha256 = $1 AND workspace_id = $2`, [
    token_sha256,
    workspace_id,
  ]);

/** The last token of a page; the next page starts behind it. */
export interface TokenPosition {
  created_at: string;
  token_sha256: string;
}

export interface TokenFilter {
  workspace_id: string;
  limit: number;
  after?: TokenPosition;
}

const ORDER = 'created_at DESC, token_sha256 DESC';

/** The statement of `listTokens`: one walk of an index. */
export function tokenListQuery({ workspace_id, limit, after }: TokenFilter): { text: string; values: unknown[] } {
  const parameters = new Parameters();
  const where = [`workspace_id = ${parameters.add(workspace_id)}`];
  if (after !== undefined) {
    const [at, id] = [parameters.add(after.created_at, 'timestamptz'), parameters.add(after.token_sha256, 'text')];
    where.push(`(created_at, token_sha256) < (${at}, ${id})`);
  }
  const text = `SELECT ${TOKEN_COLUMNS} FROM api_tokens WHERE ${where.join(' AND ')} ORDER BY ${ORDER} LIMIT ${parameters.add(limit + 1, 'int4')}`;
  return { text, values: parameters.values };
}

/** The tokens of a workspace, newest first, also those that are over. */
export async function listTokens(db: Queryable, filter: TokenFilter): Promise<Page<TokenRecord, TokenPosition>> {
  const { text, values } = tokenListQuery(filter);
  const found = await rows<TokenRecord>(db, text, values);
  const items = found.slice(0, filter.limit);
  const last = items.at(-1);
  const more = found.length > filter.limit && last !== undefined;
  return { items, next: more ? { created_at: last.created_at, token_sha256: last.token_sha256 } : null };
}
