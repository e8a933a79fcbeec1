import type { KeyArchive } from '../../domain/ledger/key-archive.ts';
import { MOST_KEYS } from '../../domain/ledger/key-rotation.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';

interface KeyRow {
  epoch: number;
  origin: string;
  verifier_key: string;
  old_key: string | null;
  new_key: string | null;
  note: string | null;
  signed_size: number | null;
  opened_at: string;
  published_at: string | null;
}

/** The newest log that has a checkpoint, and its rotations in one reading: the key of a head and its archive are of one moment. */
const KEYS = `SELECT h.epoch, h.origin, h.verifier_key, r.old_key, r.new_key, r.note, r.signed_size, h.opened_at, r.published_at
  FROM log_heads h
  LEFT JOIN log_key_rotations r ON r.workspace_id = h.workspace_id AND r.epoch = h.epoch AND r.published_at IS NOT NULL
  WHERE h.workspace_id = 'system'
    AND h.epoch = (SELECT max(epoch) FROM log_heads WHERE workspace_id = 'system' AND checkpoint IS NOT NULL)
  ORDER BY r.generation LIMIT ${MOST_KEYS}`;

const ENDED = `SELECT h.origin, k.verifier_key, k.size FROM log_heads h,
    LATERAL (SELECT h.key_generation AS generation, h.verifier_key, coalesce(h.signed_size, 0) AS size
      UNION ALL SELECT r.generation - 1, r.old_key, r.signed_size FROM log_key_rotations r
        WHERE r.workspace_id = h.workspace_id AND r.epoch = h.epoch AND r.published_at IS NOT NULL) AS k
  WHERE h.workspace_id = 'system' AND h.epoch < $1 ORDER BY h.epoch DESC, k.generation DESC LIMIT ${MOST_KEYS}`;

/** Every key of the published log with what it signed, oldest first; undefined before the first checkpoint. */
export async function logKeys(db: Queryable): Promise<KeyArchive | undefined> {
  const found = await rows<KeyRow>(db, KEYS);
  const [first] = found;
  if (first === undefined) return undefined;
  const { origin, epoch, opened_at } = first;
  const keys = [
    { verifier_key: first.old_key ?? first.verifier_key, from: 0, note: null, since: opened_at },
    ...found.flatMap(({ new_key, signed_size, note, published_at: since }) =>
      new_key === null || signed_size === null || since === null
        ? []
        : [{ verifier_key: new_key, from: signed_size, note, since }],
    ),
  ];
  const ended = await rows<KeyArchive['ended'][number]>(db, ENDED, [epoch]);
  return { origin, epoch, keys: keys.map((key, at) => ({ ...key, to: keys[at + 1]?.from ?? null })), ended };
}
