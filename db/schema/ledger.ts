import { sql } from 'drizzle-orm';
import { bigint, check, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { authorship, bytes, instant } from './columns.ts';

/**
 * Append-only (a trigger refuses update and delete); `leaf` is RFC 8785 JSON, `leaf_hash` its RFC 9162 leaf hash. What is
 * searched for is searched in `log_index`: an index here is one that every report pays for.
 */
export const ledgerEntries = pgTable(
  'ledger_entries',
  {
    workspace_id: text().notNull(),
    entry_id: bigint({ mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
    at: instant().notNull(),
    ...authorship(),
    action: text().notNull(),
    object: text().notNull(),
    record_hash: text(),
    record_version: integer(),
    detail: text().notNull(),
    policy_digest: text(),
    leaf: text().notNull(),
    leaf_hash: bytes().notNull(),
  },
  (t) => [check('ledger_leaf_size', sql`octet_length(${t.leaf}) <= 8192`)],
);
