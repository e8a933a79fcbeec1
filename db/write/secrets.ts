import { DEFAULT_CLASS, DEFAULT_KIND } from '../../domain/secret/slot.ts';
import type { SlotClass } from '../../domain/secret/slot.ts';
import { prepared } from '../client.ts';
import type { Queryable } from '../client.ts';
import { countLive } from '../read/leases.ts';
import type { secretSlots } from '../schema/secrets.ts';
import { createDataKey, openDataKey, sealSecret } from '../secrets/envelope.ts';
import type { KeyRing, Place } from '../secrets/envelope.ts';
import type { Tx } from '../transaction.ts';
import { pruneVersions } from './prune-versions.ts';

export type SlotRow = typeof secretSlots.$inferSelect;

/** A new value of a slot. What is not said stays as it is, or is the default of a new one. */
export interface NewVersion {
  slot: string;
  value: Buffer;
  kind?: string | undefined;
  class?: SlotClass | undefined;
  /** The earlier version whose value comes back, and since when it was exposed. */
  rolled_back_to?: number;
  exposed_since?: string | null;
  /** It is kept for a rotation, and not in force yet. */
  staged?: boolean;
}

export interface WrittenVersion {
  created: boolean;
  kind: string;
  class: SlotClass;
  version: number;
  leases_revoked: number;
}

interface By {
  workspace_id: string;
  actor: string;
  on_behalf_of: string | null;
}

export async function lockSlot(tx: Queryable, workspace_id: string, slot: string): Promise<SlotRow | undefined> {
  const [row] = await prepared<SlotRow>(
    tx,
    'secret-slot-lock',
    'SELECT * FROM secret_slots WHERE workspace_id = $1 AND slot = $2 FOR UPDATE',
    [workspace_id, slot],
  );
  return row;
}

/**
 * Seals a new version under the slot's data key; the slot's live leases end with it, unless it is staged. The class never changes: a slot that turned
 * into a `control` slot would leave the vault. Null when another class is asked for. Errors: those of `openDataKey`.
 */
export async function writeVersion(
  tx: Tx,
  master: KeyRing,
  by: By,
  asked: NewVersion,
  now: string,
): Promise<WrittenVersion | null> {
  const at = { workspace_id: by.workspace_id, slot: asked.slot };
  const known = await lockSlot(tx, by.workspace_id, asked.slot);
  if (known !== undefined && asked.class !== undefined && asked.class !== known.class) return null;
  const kind = asked.kind ?? known?.kind ?? DEFAULT_KIND;
  const slotClass = known?.class ?? asked.class ?? DEFAULT_CLASS;
  const { data, wrapped } =
    known === undefined
      ? createDataKey(master, at)
      : { data: openDataKey(master, at, known.wrapped_key), wrapped: known.wrapped_key };
  const version = known === undefined ? 1 : (await latestVersion(tx, at)) + 1;
  const envelope = sealSecret(data, at, version, asked.value);
  const staged = asked.staged === true && known !== undefined;
  const leases_revoked = known === undefined || staged ? 0 : await countLive(tx, by.workspace_id, { slot: asked.slot });
  if (staged) await stageVersion(tx, known, version, now);
  else
    await tx.query({
      name: 'secret-slot-write',
      text: `INSERT INTO secret_slots AS s (workspace_id, slot, kind, class, wrapped_key, current_version, created_at, updated_at,
        actor, on_behalf_of) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)
      ON CONFLICT (workspace_id, slot) DO UPDATE SET kind = excluded.kind, current_version = excluded.current_version,
        previous_version = s.current_version,
        updated_at = excluded.updated_at, lease_epoch = s.lease_epoch + 1, epoch_reason = 'slot_overwritten', epoch_at = excluded.updated_at`,
      values: [by.workspace_id, asked.slot, kind, slotClass, wrapped, version, now, by.actor, by.on_behalf_of],
    });
  await tx.query({
    name: 'secret-version-write',
    text: `INSERT INTO secret_versions (workspace_id, slot, version, envelope, rolled_back_to, exposed_since, created_at, actor, on_behalf_of)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values: [
      by.workspace_id,
      asked.slot,
      version,
      envelope,
      asked.rolled_back_to ?? null,
      asked.exposed_since ?? null,
      now,
      by.actor,
      by.on_behalf_of,
    ],
  });
  if (known !== undefined) await pruneVersions(tx, by, { slot: asked.slot, now });
  return { created: known === undefined, kind, class: slotClass, version, leases_revoked };
}

/** Versions that were staged, or undone, have taken their numbers too. */
async function latestVersion(tx: Queryable, { workspace_id, slot }: Place): Promise<number> {
  const [row] = await prepared<{ version: number }>(
    tx,
    'secret-version-latest',
    'SELECT version FROM secret_versions WHERE workspace_id = $1 AND slot = $2 ORDER BY version DESC LIMIT 1',
    [workspace_id, slot],
  );
  return row?.version ?? 0;
}

/** One at a time: what was staged before is destroyed. */
async function stageVersion(tx: Tx, known: SlotRow, version: number, now: string): Promise<void> {
  if (known.staged_version !== null) await destroyVersion(tx, known, known.staged_version, now);
  await tx.query('UPDATE secret_slots SET staged_version = $3 WHERE workspace_id = $1 AND slot = $2', [
    known.workspace_id,
    known.slot,
    version,
  ]);
}

/** Nobody reads this version again from this database; a backup of before still has its envelope. */
export async function destroyVersion(
  tx: Tx,
  { workspace_id, slot }: Place,
  version: number,
  now: string,
): Promise<void> {
  await tx.query(
    `UPDATE secret_versions SET envelope = NULL, destroyed_at = $4
      WHERE workspace_id = $1 AND slot = $2 AND version = $3 AND destroyed_at IS NULL`,
    [workspace_id, slot, version, now],
  );
}
