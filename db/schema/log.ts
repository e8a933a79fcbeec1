import { sql } from 'drizzle-orm';
import { bigint, index, integer, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { authorship, bytes, instant } from './columns.ts';

/** Tables of the log itself are the instance's; who wrote what stands in the entries they index. */
const instanceOwned = () => text().notNull().default('system');

/** One row per epoch; the highest is the one that grows. Locking it is the fence between sequencers. */
export const logHeads = pgTable(
  'log_heads',
  {
    workspace_id: instanceOwned(),
    epoch: integer().notNull(),
    /** C2SP tlog-checkpoint: the first line of every checkpoint, and the name of the key. */
    origin: text().notNull(),
    /** C2SP signed-note: `<name>+<key id>+<base64 of type and key>`. */
    verifier_key: text().notNull(),
    /** Which of the epoch's keys that is, from 1 on. */
    key_generation: integer().notNull().default(1),
    /** The place of an entry `log_key_rotated` that no signed checkpoint covers yet: the one that does is signed by both keys. */
    handover_index: bigint({ mode: 'number' }),
    size: bigint({ mode: 'number' }).notNull(),
    root: bytes().notNull(),
    /** What the last signed checkpoint covers, and the note; null before the first. */
    signed_size: bigint({ mode: 'number' }),
    checkpoint: text(),
    signed_at: instant(),
    opened_at: instant().notNull(),
    grown_at: instant().notNull(),
    /** A rollback of the record is suspected: nothing is added any more, what comes waits for the next epoch. */
    halted_at: instant(),
    /** Since when anchors fail; null while they come. */
    anchor_missed_at: instant(),
    actor: text().notNull(),
    on_behalf_of: text(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.epoch] })],
);

/**
 * Each change of the key of an epoch, under the generation that it leads to: asked for, then entered in the log, then
 * published with the checkpoint that both keys signed. What was published is the archive of the keys. Never deleted.
 */
export const logKeyRotations = pgTable(
  'log_key_rotations',
  {
    workspace_id: instanceOwned(),
    epoch: integer().notNull(),
    generation: integer().notNull(),
    /** C2SP verifier keys; null until entered, as is the statement that both keys signed. */
    old_key: text(),
    new_key: text(),
    note: text(),
    entry_index: bigint({ mode: 'number' }),
    /** Leaves of the checkpoint that both keys signed. */
    signed_size: bigint({ mode: 'number' }),
    asked_at: instant().notNull(),
    entered_at: instant(),
    published_at: instant(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.epoch, t.generation] }),
    uniqueIndex('log_key_rotations_open')
      .on(t.workspace_id, t.epoch)
      .where(sql`published_at IS NULL`),
  ],
);

/** The place of each entry in the log; append-only. */
export const logIndex = pgTable(
  'log_index',
  {
    epoch: integer().notNull(),
    idx: bigint({ mode: 'number' }).notNull(),
    entry_id: bigint({ mode: 'number' }).notNull(),
    /** Of the entry, as is what follows: it is searched for here, where no report waits for the indexes. */
    workspace_id: text().notNull(),
    at: instant().notNull(),
    actor: text().notNull(),
    action: text().notNull(),
    object: text().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.epoch, t.idx] }),
    uniqueIndex('log_index_entry').on(t.entry_id),
    index('log_index_workspace').on(t.workspace_id, t.epoch, t.idx),
    index('log_index_object').on(t.workspace_id, t.object, t.epoch, t.idx),
    index('log_index_at').on(t.workspace_id, t.at, t.entry_id),
    index('log_index_actor').on(t.workspace_id, t.actor, t.at, t.entry_id),
    index('log_index_action').on(t.workspace_id, t.action, t.at, t.entry_id),
    index('log_index_entity').on(t.workspace_id, t.object, t.at, t.entry_id),
  ],
);

/**
 * What an entry concerns besides its object, as `incident/<id>` or `subject/<name>`: the streams and the timeline of that
 * read it here. Append-only.
 */
export const logMentions = pgTable(
  'log_mentions',
  {
    /** Of the entry. */
    workspace_id: text().notNull(),
    topic: text().notNull(),
    epoch: integer().notNull(),
    idx: bigint({ mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.topic, t.epoch, t.idx] })],
);

/** Complete tiles of C2SP tlog-tiles; incomplete ones follow from the index and the roots below. Append-only. */
export const logTiles = pgTable(
  'log_tiles',
  {
    workspace_id: instanceOwned(),
    epoch: integer().notNull(),
    level: smallint().notNull(),
    n: bigint({ mode: 'number' }).notNull(),
    hashes: bytes().notNull(),
    root: bytes().notNull(),
  },
  (t) => [primaryKey({ columns: [t.epoch, t.level, t.n] })],
);

/** The one root that the log ever had at a size it was published at. Append-only. */
export const logRoots = pgTable(
  'log_roots',
  {
    workspace_id: instanceOwned(),
    epoch: integer().notNull(),
    size: bigint({ mode: 'number' }).notNull(),
    root: bytes().notNull(),
    at: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.epoch, t.size] })],
);

/** Entries that have no index yet: one row per statement that appended some, written by a trigger of `ledger_entries`. */
export const ledgerUnsequenced = pgTable('ledger_unsequenced', {
  workspace_id: instanceOwned(),
  batch_id: bigint({ mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
  entry_ids: bigint({ mode: 'number' }).array().notNull(),
});

/**
 * Checkpoints bound to the counter of a TPM. A row is written before the counter moves: a counter above every row's is one
 * that moved for a record we do not have. Never deleted.
 */
export const logAnchors = pgTable(
  'log_anchors',
  {
    workspace_id: instanceOwned(),
    anchor_id: bigint({ mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
    epoch: integer().notNull(),
    size: bigint({ mode: 'number' }).notNull(),
    root: bytes().notNull(),
    /** The signed checkpoint; its SHA-256 is what the TPM quotes. */
    note: text().notNull(),
    node: text().notNull(),
    /** Name of the key that quotes: another TPM under the same node has another counter. */
    ak_name: text().notNull(),
    counter_before: bigint({ mode: 'bigint' }).notNull(),
    intended_at: instant().notNull(),
    completed_at: instant(),
    counter_value: bigint({ mode: 'bigint' }),
    /** As the attester sent it, canonical JSON. */
    evidence: text(),
    evidence_digest: text(),
    /** When the checkpoint had its copy among the blobs. */
    copied_at: instant(),
    ...authorship(),
  },
  (t) => [
    index('log_anchors_epoch').on(t.epoch, t.anchor_id),
    index('log_anchors_counter').on(t.epoch, t.node, t.ak_name, t.counter_before),
    index('log_anchors_completed')
      .on(t.epoch, t.anchor_id)
      .where(sql`completed_at IS NOT NULL`),
    index('log_anchors_uncopied')
      .on(t.anchor_id)
      .where(sql`completed_at IS NOT NULL AND copied_at IS NULL`),
  ],
);
