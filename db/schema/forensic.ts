import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { authorship, instant } from './columns.ts';

/**
 * Forensic bundles that wait for the log's key, were signed by it, or were given up. Who makes a bundle does not hold that
 * key: it asks here, and the worker that does answers here.
 */
export const forensicExports = pgTable(
  'forensic_exports',
  {
    workspace_id: text().notNull(),
    export_id: text().notNull(),
    /** Hex; the log's key signs these 32 bytes and nothing else that stands here. */
    bundle_hash: text().notNull(),
    key_id: text().notNull(),
    exported_at: instant().notNull(),
    incidents: bigint({ mode: 'number' }).notNull(),
    audit_entries: bigint({ mode: 'number' }).notNull(),
    policy_digest: text(),
    /** Of the log whose checkpoint is in the bundle: the key that signs is the key of this epoch. */
    epoch: integer().notNull(),
    requested_at: instant().notNull(),
    /** Nobody waits for the signature any more. */
    expires_at: instant().notNull(),
    signed_at: instant(),
    /** Base64, over the 32 bytes of `bundle_hash`. */
    signature_ed25519: text(),
    failed_at: instant(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.export_id] }),
    check('forensic_exports_hash', sql`${t.bundle_hash} ~ '^[0-9a-f]{64}$'`),
    check('forensic_exports_end', sql`${t.signed_at} IS NULL OR ${t.failed_at} IS NULL`),
    index('forensic_exports_pending')
      .on(t.epoch, t.expires_at)
      .where(sql`signed_at IS NULL AND failed_at IS NULL`),
  ],
);
