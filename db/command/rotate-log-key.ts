import { MOST_KEYS } from '../../domain/ledger/key-rotation.ts';
import { one } from '../client.ts';
import type { Database, Queryable } from '../client.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { writeLogEntry } from '../write/log-entry.ts';
import { KEY_ROTATED } from '../../domain/ledger/key-rotation.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { edgeAt, lockHead, placeEntries } from './sequence-entries.ts';
import type { LogHead } from './sequence-entries.ts';
import { clock } from './watch.ts';

export type AskedRotation =
  { ok: true; epoch: number; generation: number } | { ok: false; code: 'log_not_current' | 'key_limit' };

/**
 * Asks for another key of the log `origin`. Whoever holds its keys makes one, enters in the log that it takes over, and
 * publishes the next checkpoint with both signatures. Asked again meanwhile it answers the rotation that is under way.
 */
export async function requestKeyRotation(
  db: Database,
  by: Caller,
  { origin }: { origin: string },
): Promise<AskedRotation> {
  return transaction(db, async (tx): Promise<AskedRotation> => {
    const log = await one<{ epoch: number; origin: string; key_generation: number; halted_at: string | null }>(
      tx,
      `SELECT epoch, origin, key_generation, halted_at FROM log_heads WHERE workspace_id = $1 ORDER BY epoch DESC LIMIT 1 FOR UPDATE`,
      [INSTANCE],
    );
    if (log === undefined || log.origin !== origin || log.halted_at !== null)
      return { ok: false, code: 'log_not_current' };
    const { epoch } = log;
    const generation = log.key_generation + 1;
    if (generation > MOST_KEYS) return { ok: false, code: 'key_limit' };
    const at = await clock(tx);
    const asked = await one(
      tx,
      `INSERT INTO log_key_rotations (epoch, generation, asked_at, actor, on_behalf_of) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING RETURNING generation`,
      [epoch, generation, at, by.actor, by.on_behalf_of],
    );
    if (asked === undefined) return { ok: true, epoch, generation };
    await writeEntries(tx, [
      {
        workspace_id: INSTANCE,
        at,
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: 'log_key_rotation_requested',
        object: `log/${origin}`,
        record_hash: null,
        record_version: null,
        detail: { epoch, generation },
        policy_digest: null,
      },
    ]);
    return { ok: true, epoch, generation };
  });
}

/** A rotation that is not over. `note` is null until it is entered in the log. */
export interface OpenRotation {
  origin: string;
  epoch: number;
  generation: number;
  note: string | null;
}

/** The rotation of the newest epoch that somebody asked for and that is not published; one of an epoch that ended never is. */
export async function openRotation(db: Queryable): Promise<OpenRotation | undefined> {
  return one(
    db,
    `SELECT h.origin, r.epoch, r.generation, r.note FROM log_key_rotations r
      JOIN log_heads h ON h.workspace_id = r.workspace_id AND h.epoch = r.epoch
      WHERE r.workspace_id = $1 AND r.published_at IS NULL
        AND r.epoch = (SELECT max(epoch) FROM log_heads WHERE workspace_id = $1)`,
    [INSTANCE],
  );
}

/** The keys that hand over and take over, and the statement that both sign of the tree at that moment. */
export interface Handover {
  old_key: string;
  new_key: string;
  sign: (at: { origin: string; size: number; root: Uint8Array }) => string;
}

/**
 * Enters in the log that the key changes: the entry gets its place at once, as the statement names it. From then on a
 * checkpoint over it needs both signatures. False when this is no open rotation of the newest epoch, or was entered already.
 */
export async function enterRotation(
  db: Database,
  { origin, epoch, generation }: Pick<OpenRotation, 'origin' | 'epoch' | 'generation'>,
  { old_key, new_key, sign }: Handover,
): Promise<boolean> {
  return transaction(db, async (tx) => {
    const head = await lockHead(tx);
    if (head?.epoch !== epoch || head.handover_index !== null || head.key_generation !== generation - 1) return false;
    const asked = await one<Caller>(
      tx,
      `SELECT workspace_id, actor, on_behalf_of FROM log_key_rotations
        WHERE workspace_id = $1 AND epoch = $2 AND generation = $3 AND note IS NULL FOR UPDATE`,
      [INSTANCE, epoch, generation],
    );
    if (asked === undefined) return false;
    const at = await clock(tx);
    const note = sign({ origin, size: head.size, root: head.root });
    const detail = { epoch, generation, old_key, new_key, note };
    const { entry_id } = await writeLogEntry(tx, asked, { at, origin, action: KEY_ROTATED, detail });
    await placeEntries(tx, head, await edgeAt(tx, head, {}), [entry_id]);
    await tx.query('UPDATE log_heads SET handover_index = $3 WHERE workspace_id = $1 AND epoch = $2', [
      INSTANCE,
      epoch,
      head.size,
    ]);
    await tx.query(
      `UPDATE log_key_rotations SET old_key = $4, new_key = $5, note = $6, entry_index = $7, entered_at = $8
        WHERE workspace_id = $1 AND epoch = $2 AND generation = $3`,
      [INSTANCE, epoch, generation, old_key, new_key, note, head.size, at],
    );
    return true;
  });
}

/**
 * Publishes the checkpoint that covers the handover, `note` with both signatures: from then on the new key is the log's, and
 * the old one is in the archive. False when another worker has done it, or the checkpoint does not cover it.
 */
export async function publishHandover(
  db: Database,
  head: Pick<LogHead, 'epoch' | 'size'>,
  { generation, new_key, note }: { generation: number; new_key: string; note: string },
): Promise<boolean> {
  return transaction(db, async (tx) => {
    const published = await one<{ signed_size: number }>(
      tx,
      `UPDATE log_heads SET checkpoint = $3, signed_size = $2, signed_at = clock_timestamp(), verifier_key = $4,
          key_generation = $5, handover_index = NULL
        WHERE workspace_id = 'system' AND epoch = $1 AND handover_index < $2 AND coalesce(signed_size, -1) < $2
          AND key_generation = $5 - 1
        RETURNING signed_size`,
      [head.epoch, head.size, note, new_key, generation],
    );
    if (published === undefined) return false;
    await tx.query(
      `UPDATE log_key_rotations SET signed_size = $3, published_at = clock_timestamp()
        WHERE workspace_id = 'system' AND epoch = $1 AND generation = $2`,
      [head.epoch, generation, head.size],
    );
    await tx.query(`SELECT pg_notify('ledger_grown', $1)`, [String(head.size)]);
    return true;
  });
}
