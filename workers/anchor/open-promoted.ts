import { openNextEpoch, promotable } from '../../db/command/promote.ts';
import { currentLog } from '../../db/command/sequence-entries.ts';
import { instanceOf } from '../../domain/ledger/anchor.ts';
import { formatNoteKey } from '../../domain/ledger/note.ts';
import { BlobError } from '../../storage/blob-error.ts';
import { ITSELF } from '../enrolment-port.ts';
import type { Logger } from '../log.ts';
import { archiveVerifierKey, highestKeyEpoch, logSigner } from '../sequencer/log-key.ts';
import { lostOf } from './lost-range.ts';
import type { RollbackDeps } from './rollback-check.ts';

export interface PromotionDeps extends RollbackDeps {
  stateRoot: string;
  log: Logger;
}

/**
 * Opens the next epoch where two people have asked for it: a new key, under a number that no epoch has had that is known
 * here or among the blobs; while they cannot be read none is opened, and the log is left as it is. The old key's public half
 * is archived. True when an epoch was opened.
 */
export async function openPromoted(deps: PromotionDeps): Promise<boolean> {
  const { db, stateRoot, log } = deps;
  const asked = await promotable(db);
  const ending = await currentLog(db);
  if (asked === undefined || ending?.origin !== asked.origin) return false;
  const known = await lostOf(deps, ending).catch((error: unknown) => {
    if (!(error instanceof BlobError)) throw error;
    log.warn({ event: 'ledger.epoch_waits', code: error.code });
    return undefined;
  });
  if (known === undefined) return false;
  const { lost, highest_epoch } = known;
  const epoch = Math.max(asked.epoch, highest_epoch, highestKeyEpoch(stateRoot)) + 1;
  const origin = `${instanceOf(asked.origin)}/${epoch}`;
  archiveVerifierKey(stateRoot, { ...ending, generation: ending.key_generation });
  const { key } = logSigner(stateRoot, { origin, epoch });
  const next = { origin, epoch, verifier_key: formatNoteKey(key) };
  const opened = await openNextEpoch(db, ITSELF, { ...asked, next, lost });
  if (opened) log.warn({ event: 'ledger.epoch_opened', origin, previous: asked.origin, lost });
  return opened;
}
