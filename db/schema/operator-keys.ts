import { sql } from 'drizzle-orm';
import { check, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { authorship, bytes, instant } from './columns.ts';

/** A person's public key: what it signs is their word, in one workspace, with the roles it was registered with. Never deleted. */
export const operatorKeys = pgTable(
  'operator_keys',
  {
    workspace_id: text().notNull(),
    key_id: text().notNull(),
    /** Whose key it is; `actor` registered it. */
    user_id: text().notNull(),
    algorithm: text().notNull(),
    /** Raw, 32 bytes. */
    public_key: bytes().notNull(),
    roles: text().array().notNull(),
    registered_at: instant().notNull(),
    not_after: instant(),
    revoked_at: instant(),
    revoked_by: text(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.key_id] }),
    check('operator_keys_ed25519', sql`${t.algorithm} = 'ed25519' AND octet_length(${t.public_key}) = 32`),
    check('operator_keys_revoked', sql`(${t.revoked_at} IS NULL) = (${t.revoked_by} IS NULL)`),
  ],
);
