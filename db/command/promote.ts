import { PLACE } from '../write/log-places.ts';
import { RightEdge } from '../../domain/ledger/right-edge.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import { closeRestored } from '../write/close-restored.ts';
import { writeLogEntry } from '../write/log-entry.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import { currentLog } from './sequence-entries.ts';
import { liveGrant, secondPerson, useGrant } from './two-person.ts';
import type { TwoPersonAction } from './two-person.ts';

const ACTION = 'restore.promote';

export type Promotion =
  | { ok: true; promoted_by: string[]; single_operator: boolean }
  | { ok: false; code: 'log_not_current' | 'second_person_required' | 'confirmation_required' | 'approval_refused' }
  | Reused;

/**
 * Takes the word of two people that this record is the one that goes on: the log of the origin they name is left as it is,
 * and whoever holds the keys opens the next epoch.
 */
export async function promoteRecord(
  db: Database,
  by: Caller,
  { key, ...asked }: Omit<TwoPersonAction, 'action'> & { key: DecisionKey },
): Promise<Promotion> {
  const once = { workspace_id: INSTANCE, aggregate: `log/${asked.object}`, kind: 'promote', key };
  return decideOnce<Promotion>(db, by, once, async (tx) => {
    if ((await currentLog(tx))?.origin !== asked.object) return { ok: false, code: 'log_not_current' };
    const second =
      (await liveGrant(tx, ACTION, asked.object)) ?? (await secondPerson(tx, by, { ...asked, action: ACTION }));
    if (!second.granted) return { ok: false, code: second.code };
    return { ok: true, promoted_by: second.by, single_operator: second.single_operator };
  });
}

/** The log that two people have let the next epoch replace; undefined while nobody asks for one. */
export async function promotable(db: Database): Promise<{ origin: string; epoch: number } | undefined> {
  return one(
    db,
    `SELECT h.origin, h.epoch FROM log_heads h WHERE h.workspace_id = $1
        AND h.epoch = (SELECT max(epoch) FROM log_heads WHERE workspace_id = $1)
        AND EXISTS (SELECT 1 FROM two_person_requests r WHERE r.workspace_id = $1 AND r.action = $2 AND r.object = h.origin
          AND r.granted_at IS NOT NULL AND r.used_at IS NULL AND r.expires_at > clock_timestamp())`,
    [INSTANCE, ACTION],
  );
}

/** Leaves that were signed for and are not in the record: from number `from` on; `to` is null where nobody knows. */
export interface LostRange {
  from: number;
  to: number | null;
}

export interface NextEpoch {
  /** The log that ends. */
  origin: string;
  epoch: number;
  next: { origin: string; epoch: number; verifier_key: string };
  lost: LostRange;
}

interface Ending {
  origin: string;
  verifier_key: string;
  size: number;
  root: Buffer;
}

/**
 * Opens the next epoch with the grant that was given for it; its first entry names the epoch that ended and what was lost of
 * it, and entries that wait come after. What a restored record may not be believed about is closed with it. False when there is no such grant any more, or the log is another.
 */
export async function openNextEpoch(db: Database, by: Caller, opening: NextEpoch): Promise<boolean> {
  const { origin, epoch, next, lost } = opening;
  return transaction(db, async (tx) => {
    // The fence: no round of a sequencer is under way.
    const ending = await one<Ending & { epoch: number }>(
      tx,
      `SELECT epoch, origin, verifier_key, size, root FROM log_heads WHERE workspace_id = $1 ORDER BY epoch DESC LIMIT 1 FOR UPDATE`,
      [INSTANCE],
    );
    if (ending?.epoch !== epoch || ending.origin !== origin) return false;
    const grant = await useGrant(tx, ACTION, origin);
    if (grant === undefined) return false;
    const now = await one<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
    const first = await writeLogEntry(tx, by, {
      at: now?.now ?? '',
      origin: next.origin,
      action: 'epoch_opened',
      detail: {
        epoch: next.epoch,
        origin: next.origin,
        verifier_key: next.verifier_key,
        previous: {
          origin,
          size: ending.size,
          root: ending.root.toString('hex'),
          verifier_key: ending.verifier_key,
        },
        lost: { origin, ...lost },
        by: grant.by,
        single_operator: grant.single_operator,
      },
    });
    const edge = new RightEdge(sha256);
    edge.append([first.leaf_hash]);
    const root = Buffer.from(edge.root());
    await tx.query(
      `INSERT INTO log_heads (epoch, origin, verifier_key, size, root, opened_at, grown_at, actor, on_behalf_of)
        VALUES ($1, $2, $3, 1, $4, $5, $5, $6, $7)`,
      [next.epoch, next.origin, next.verifier_key, root, now?.now, by.actor, by.on_behalf_of],
    );
    await tx.query(PLACE, [next.epoch, 0, [first.entry_id]]);
    await tx.query('INSERT INTO log_roots (epoch, size, root, at) VALUES ($1, 1, $2, $3)', [
      next.epoch,
      root,
      now?.now,
    ]);
    await closeRestored(tx, { ...by, workspace_id: INSTANCE }, { origin: next.origin, now: now?.now ?? '' });
    return true;
  });
}
