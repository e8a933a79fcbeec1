// Every key that signed is kept for ever: what it signed has to verify after it was replaced.
import { z } from 'zod';
import { MOST_KEYS } from './key-rotation.ts';

/**
 * A key of a log. It signed the checkpoints of `from` to `to` leaves; `to` is null while it signs. The checkpoint at `to`
 * carries its signature and that of the next key. `note` is the statement that handed the log over to it; null for the first.
 */
const key = z.strictObject({
  verifier_key: z.string().min(1).max(1024),
  from: z.int().min(0),
  to: z.int().min(0).nullable(),
  note: z.string().max(8192).nullable(),
  /** When it became the key of the log. */
  since: z.iso.datetime(),
});

/** The keys of a log, oldest first, as `/ledger/keys` answers them and a copy of a log has them in `keys`. */
export const keyArchiveSchema = z.strictObject({
  origin: z.string().min(1),
  epoch: z.int().min(1),
  keys: z.array(key).min(1).max(MOST_KEYS),
  /** The last key of every log that ended, newest first. */
  ended: z.array(z.strictObject({ origin: z.string().min(1), verifier_key: z.string().min(1), size: z.int().min(0) })),
});
export type KeyArchive = z.infer<typeof keyArchiveSchema>;

/** The statements that hand a log from key to key, oldest first. */
export const notesOf = ({ keys }: KeyArchive): string[] => keys.flatMap(({ note }) => (note === null ? [] : [note]));
