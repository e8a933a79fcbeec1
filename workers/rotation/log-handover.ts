import type { Database } from '../../db/client.ts';
import { keyHandover } from '../../db/read/key-handover.ts';
import { publishedLog } from '../../db/read/log.ts';
import { logKeys } from '../../db/read/log-keys.ts';
import { sha256 } from '../../db/write/change.ts';
import { LedgerError } from '../../domain/ledger/error.ts';
import { notesOf } from '../../domain/ledger/key-archive.ts';
import { followKeys, KEY_ROTATED } from '../../domain/ledger/key-rotation.ts';
import { formatNoteKey, openNote, parseNoteKey } from '../../domain/ledger/note.ts';

/** Whether a note carries a good signature of the key on this line. */
export function signedBy(note: string, line: string): boolean {
  try {
    openNote(note, [parseNoteKey(line, sha256)]);
    return true;
  } catch (error) {
    if (error instanceof LedgerError) return false;
    throw error;
  }
}

export type HandedOver =
  | { ok: true; evidence: Record<string, unknown> }
  | {
      ok: false;
      code:
        | 'handover_pending'
        | 'checkpoint_pending'
        | 'entry_missing'
        | 'chain_broken'
        | 'checkpoint_unverified'
        | 'earlier_checkpoint_unverified'
        | 'old_key_signs';
    };

/**
 * Whether the log has gone from one key to the other, as whoever trusts the old one would see it: by the statement of both in
 * the log, by the archive of keys, and by a checkpoint that the new one alone has signed.
 */
export async function handedOver(
  db: Database,
  of: { epoch: number; generation: number },
  { old_key, new_key, earlier }: { old_key: string; new_key: string; earlier: string },
): Promise<HandedOver> {
  const no = (code: Extract<HandedOver, { ok: false }>['code']): HandedOver => ({ ok: false, code });
  const handover = await keyHandover(db, of);
  if (handover?.published_at == null || handover.signed_size === null) return no('handover_pending');
  if (handover.leaf === null || !states(handover.leaf, handover.note)) return no('entry_missing');
  const archive = await logKeys(db);
  if (archive === undefined || !leadsTo(notesOf(archive), old_key, new_key)) return no('chain_broken');
  const published = await publishedLog(db);
  // The checkpoint over the handover has both signatures, for those who know the old key only.
  if (published === undefined || published.size <= handover.signed_size) return no('checkpoint_pending');
  if (!signedBy(published.checkpoint, new_key)) return no('checkpoint_unverified');
  if (signedBy(published.checkpoint, old_key)) return no('old_key_signs');
  if (!signedBy(earlier, old_key)) return no('earlier_checkpoint_unverified');
  const { signed_size: handed_over_at, published_at } = handover;
  return { ok: true, evidence: { old_key, new_key, handed_over_at, published_at, size: published.size } };
}

function states(leaf: string, note: string | null): boolean {
  const { action, detail } = JSON.parse(leaf) as { action?: unknown; detail?: { note?: unknown } };
  return note !== null && action === KEY_ROTATED && detail?.note === note;
}

/** Both have signed the last statement, and the old one's successors lead to the new one. */
function leadsTo(notes: readonly string[], old_key: string, new_key: string): boolean {
  try {
    const rotation = followKeys(parseNoteKey(old_key, sha256), notes, sha256).at(-1);
    return rotation !== undefined && formatNoteKey(rotation.newKey) === new_key;
  } catch (error) {
    if (error instanceof LedgerError) return false;
    throw error;
  }
}
