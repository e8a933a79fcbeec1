import { enterRotation, openRotation, publishHandover } from '../../db/command/rotate-log-key.ts';
import { currentLog } from '../../db/command/sequence-entries.ts';
import type { LogHead } from '../../db/command/sequence-entries.ts';
import type { Database } from '../../db/client.ts';
import { formatCheckpoint } from '../../domain/ledger/checkpoint.ts';
import { signRotation } from '../../domain/ledger/key-rotation.ts';
import { formatNoteKey, noteMessage, noteOf } from '../../domain/ledger/note.ts';
import type { Logger } from '../log.ts';
import { existingSigner, logSigner, retireKeys } from './log-key.ts';
import type { LogSigner } from './log-key.ts';

export interface RotationDeps {
  db: Database;
  stateRoot: string;
  log: Logger;
}

/** The key that is to take over lies in its file before anything names it; whoever starts again finds the same. */
function signers(
  stateRoot: string,
  { origin, epoch, generation }: { origin: string; epoch: number; generation: number },
): [LogSigner, LogSigner] {
  const before = existingSigner(stateRoot, { origin, epoch, generation: generation - 1 });
  if (before === undefined) throw new Error(`the log ${origin} has another key`);
  return [before, logSigner(stateRoot, { origin, epoch, generation })];
}

/**
 * Takes a rotation that was asked for into the log; true when it did. Between any two steps this process may end: the key is
 * in its file, then the entry is in the log, then the checkpoint over it is published (`publishBoth`), then the old key is
 * deleted, and each is found done or is done by the next start. Errors: InstanceKeyError.
 */
export async function enterAsked({ db, stateRoot, log }: RotationDeps): Promise<boolean> {
  const asked = await openRotation(db);
  if (asked === undefined || asked.note !== null) return false;
  const [before, after] = signers(stateRoot, asked);
  const old_key = formatNoteKey(before.key);
  if ((await currentLog(db))?.verifier_key !== old_key) throw new Error(`the log ${asked.origin} has another key`);
  const entered = await enterRotation(db, asked, {
    old_key,
    new_key: formatNoteKey(after.key),
    sign: (at) => signRotation(at, [before, after]),
  });
  if (entered) log.info({ event: 'ledger.key_rotated', origin: asked.origin, generation: asked.generation });
  return entered;
}

/** The checkpoint over the handover, signed by both keys; then the old one is deleted. False when there is none to publish. */
export async function publishBoth({ db, stateRoot, log }: RotationDeps, head: LogHead): Promise<boolean> {
  const open = await openRotation(db);
  if (open === undefined || open.note === null || open.epoch !== head.epoch) return false;
  const both = signers(stateRoot, open);
  const text = formatCheckpoint({ origin: open.origin, size: head.size, root: head.root, extensions: [] });
  const message = noteMessage(text);
  const note = noteOf(
    text,
    both.map(({ key, sign }) => ({ key, signature: sign(message) })),
  );
  const { generation } = open;
  const published = await publishHandover(db, head, { generation, new_key: formatNoteKey(both[1].key), note });
  if (!published) return false;
  retireKeys(stateRoot, open);
  log.info({ event: 'ledger.key_published', origin: open.origin, generation, size: head.size });
  return true;
}
