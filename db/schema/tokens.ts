import { sql } from 'drizzle-orm';
import { check, index, pgTable, smallint, text } from 'drizzle-orm/pg-core';
import { authorship, instant } from './columns.ts';

/**
 * Bearer tokens by their SHA-256; the text of one is nowhere. Triggers tell every process of a change, and record one that
 * no command of ours made. The name of the table, `token_sha256` and `disabled` are what runbooks type.
 */
export const apiTokens = pgTable(
  'api_tokens',
  {
    workspace_id: text().notNull(),
    /** Hex, and unique over all workspaces: a request names nothing else. */
    token_sha256: text().primaryKey(),
    user_id: text().notNull(),
    roles: text().array().notNull(),
    label: text(),
    /** What a reporter's token may report; null: anything. */
    report_source: text(),
    report_classes: text().array(),
    created_at: instant().notNull(),
    not_after: instant().notNull(),
    /** 0 or 1, and never 0 again. */
    disabled: smallint().notNull().default(0),
    disabled_at: instant(),
    disabled_by: text(),
    ...authorship(),
  },
  (t) => [
    check('api_tokens_sha256', sql`${t.token_sha256} ~ '^[0-9a-f]{64}$'`),
    check('api_tokens_end', sql`isfinite(${t.not_after})`),
    check('api_tokens_roles', sql`cardinality(${t.roles}) > 0`),
    check('api_tokens_disabled', sql`${t.disabled} IN (0, 1) AND (${t.disabled} = 1) = (${t.disabled_at} IS NOT NULL)`),
    index('api_tokens_list').on(t.workspace_id, t.created_at, t.token_sha256),
  ],
);
