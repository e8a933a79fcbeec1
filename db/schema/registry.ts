import { sql } from 'drizzle-orm';
import { bigint, boolean, check, foreignKey, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { authorship, instant } from './columns.ts';

/** Which workspace has put which bytes: without its row a blob is not there for it, whoever else has put it. */
export const registryBlobs = pgTable(
  'registry_blobs',
  {
    workspace_id: text().notNull(),
    /** Hex SHA-256; names the blob. */
    digest: text().notNull(),
    bytes: bigint({ mode: 'number' }).notNull(),
    first_put_at: instant().notNull(),
    /** The last time: the grace of a blob that nothing refers to counts from here. */
    put_at: instant().notNull(),
    /** Some bundle names it; bundles stay, and so does it. */
    referenced: boolean().notNull().default(false),
    /** What was found instead of it at the last look: missing or corrupt. Until another look finds it whole it is not served. */
    broken: text().$type<'blob_missing' | 'blob_corrupt'>(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.digest] }),
    index('registry_blobs_digest').on(t.digest),
    index('registry_blobs_unreferenced')
      .on(t.put_at)
      .where(sql`NOT referenced`),
    check('registry_blobs_digest', sql`${t.digest} ~ '^[0-9a-f]{64}$'`),
    check('registry_blobs_broken', sql`${t.broken} IN ('blob_missing', 'blob_corrupt')`),
  ],
);

/** A published bundle, for good: the manifest is its RFC 8785 text, the digest that of this text. */
export const registryBundles = pgTable(
  'registry_bundles',
  {
    workspace_id: text().notNull(),
    name: text().notNull(),
    version: text().notNull(),
    digest: text().notNull(),
    manifest: text().notNull(),
    blobs: integer().notNull(),
    bytes: bigint({ mode: 'number' }).notNull(),
    published_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.name, t.version] }),
    index('registry_bundles_transition').on(
      t.workspace_id,
      sql`(${t.manifest}::jsonb ->> 'transition_digest')`,
      t.name,
      t.version,
    ),
    check('registry_bundles_digest', sql`${t.digest} ~ '^[0-9a-f]{64}$'`),
  ],
);

/** The blobs that a bundle names, by path. */
export const registryBundleBlobs = pgTable(
  'registry_bundle_blobs',
  {
    workspace_id: text().notNull(),
    name: text().notNull(),
    version: text().notNull(),
    path: text().notNull(),
    digest: text().notNull(),
    bytes: bigint({ mode: 'number' }).notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.name, t.version, t.path] }),
    index('registry_bundle_blobs_digest').on(t.workspace_id, t.digest),
    foreignKey({
      columns: [t.workspace_id, t.name, t.version],
      foreignColumns: [registryBundles.workspace_id, registryBundles.name, registryBundles.version],
      name: 'registry_bundle_blobs_bundle',
    }),
    foreignKey({
      columns: [t.workspace_id, t.digest],
      foreignColumns: [registryBlobs.workspace_id, registryBlobs.digest],
      name: 'registry_bundle_blobs_blob',
    }),
  ],
);

/** A blob that comes in parts: what was received stands in its parts, and nobody reads it before its digest fits. */
export const registryUploads = pgTable(
  'registry_uploads',
  {
    workspace_id: text().notNull(),
    upload_id: text().notNull(),
    digest: text().notNull(),
    bytes: bigint({ mode: 'number' }).notNull(),
    received: bigint({ mode: 'number' }).notNull().default(0),
    opened_at: instant().notNull(),
    not_after: instant().notNull(),
    completed_at: instant(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.upload_id] }),
    index('registry_uploads_end').on(t.not_after),
    index('registry_uploads_open')
      .on(t.workspace_id)
      .where(sql`completed_at IS NULL`),
    check('registry_uploads_digest', sql`${t.digest} ~ '^[0-9a-f]{64}$'`),
    check('registry_uploads_received', sql`${t.received} BETWEEN 0 AND ${t.bytes}`),
  ],
);

/** A part that was flushed to the store under its own key. */
export const registryUploadParts = pgTable(
  'registry_upload_parts',
  {
    workspace_id: text().notNull(),
    upload_id: text().notNull(),
    /** The offset of its first byte. */
    start: bigint({ mode: 'number' }).notNull(),
    bytes: bigint({ mode: 'number' }).notNull(),
    key: text().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.upload_id, t.start] }),
    foreignKey({
      columns: [t.workspace_id, t.upload_id],
      foreignColumns: [registryUploads.workspace_id, registryUploads.upload_id],
      name: 'registry_upload_parts_upload',
    }),
  ],
);
