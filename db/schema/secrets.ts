import { sql } from 'drizzle-orm';
import { bigint, check, foreignKey, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { SlotClass } from '../../domain/secret/slot.ts';
import { authorship, bytes, instant } from './columns.ts';

/** The one master key that this database's data keys are wrapped by: its id, never the key. */
export const masterKeys = pgTable(
  'master_keys',
  {
    workspace_id: text().primaryKey(),
    key_id: text().notNull(),
    pinned_at: instant().notNull(),
    /** The key that new data keys are wrapped by while the others are re-wrapped. */
    next_key_id: text(),
    /** The rotation that re-wraps data keys; it ends when none is left that another key wraps. */
    migration: text(),
    ...authorship(),
  },
  (t) => [
    check('master_keys_one', sql`${t.workspace_id} = 'system'`),
    check(
      'master_keys_next',
      sql`${t.next_key_id} IS NULL OR (${t.migration} IS NOT NULL AND ${t.next_key_id} <> ${t.key_id})`,
    ),
  ],
);

/** A name under which a secret is rotated. */
export const secretSlots = pgTable(
  'secret_slots',
  {
    workspace_id: text().notNull(),
    slot: text().notNull(),
    kind: text().notNull(),
    class: text().$type<SlotClass>().notNull(),
    /** The slot's data key under the master key whose id stands in the text. */
    wrapped_key: text().notNull(),
    current_version: integer().notNull(),
    /** What `@previous` names: the version that was current before, until it is withdrawn. */
    previous_version: integer(),
    /** A version that was handed in for a rotation and is not in force. */
    staged_version: integer(),
    /** Leases carry the epoch they were issued in: a new version, or revoking the slot, ends all of an earlier one. */
    lease_epoch: bigint({ mode: 'number' }).notNull().default(0),
    epoch_reason: text(),
    epoch_at: instant(),
    /** The generation of the vault that operators were last told of when a read was refused. */
    alerted_generation: bigint({ mode: 'number' }),
    created_at: instant().notNull(),
    updated_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.slot] }),
    // By the master key that wraps it: what a migration has left to do, without a scan.
    index('secret_slots_wrapped_by').on(sql`split_part(${t.wrapped_key}, '.', 3)`, t.workspace_id, t.slot),
    check('secret_slots_class', sql`${t.class} IN ('subject', 'control')`),
    check('secret_slots_key', sql`${t.wrapped_key} LIKE 'interlock-key.v1.%'`),
  ],
);

/** Every value a slot ever had, as an envelope; only ever added to. Of a version that was destroyed the row stays, the envelope goes. */
export const secretVersions = pgTable(
  'secret_versions',
  {
    workspace_id: text().notNull(),
    slot: text().notNull(),
    version: integer().notNull(),
    envelope: text(),
    destroyed_at: instant(),
    /** The earlier version whose value this is, where it was rolled back to. */
    rolled_back_to: integer(),
    /** Since when somebody outside has read this value; a value that comes back stays exposed. */
    exposed_since: instant(),
    created_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.slot, t.version] }),
    foreignKey({
      columns: [t.workspace_id, t.slot],
      foreignColumns: [secretSlots.workspace_id, secretSlots.slot],
      name: 'secret_versions_slot',
    }),
    // What was known outside before a moment, in all workspaces: the values that a restored record came with.
    index('secret_versions_exposed')
      .on(t.exposed_since)
      .where(sql`exposed_since IS NOT NULL AND destroyed_at IS NULL`),
    check('secret_versions_envelope', sql`${t.envelope} LIKE 'interlock-secret.v1.%'`),
    check('secret_versions_destroyed', sql`(${t.envelope} IS NULL) = (${t.destroyed_at} IS NOT NULL)`),
  ],
);

/** A subject whose leases were revoked at some time; one without a row is in epoch 0. */
export const leaseSubjects = pgTable(
  'lease_subjects',
  {
    workspace_id: text().notNull(),
    subject: text().notNull(),
    lease_epoch: bigint({ mode: 'number' }).notNull(),
    epoch_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.subject] })],
);

/**
 * What lets a subject read a slot for a while. It stands while the epochs of its slot and subject and the generation of the
 * vault are those it was issued in: whatever revokes moves one of them, in its own transaction, and cannot be overtaken by
 * a lease that is being issued.
 */
export const leases = pgTable(
  'leases',
  {
    workspace_id: text().notNull(),
    lease_id: text().notNull(),
    slot: text().notNull(),
    subject: text().notNull(),
    /** SHA-256 of what the holder proves itself by. */
    secret_digest: bytes().notNull(),
    slot_epoch: bigint({ mode: 'number' }).notNull(),
    subject_epoch: bigint({ mode: 'number' }).notNull(),
    vault_generation: bigint({ mode: 'number' }).notNull(),
    issued_at: instant().notNull(),
    renewed_at: instant(),
    not_after: instant().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.lease_id] }),
    index('leases_slot').on(t.workspace_id, t.slot, t.slot_epoch, t.not_after),
    index('leases_subject').on(t.workspace_id, t.subject, t.not_after, t.lease_id),
    // What ended long ago, in all workspaces, for whoever removes it.
    index('leases_ended').on(t.not_after),
    check('leases_digest', sql`length(${t.secret_digest}) = 32`),
  ],
);
