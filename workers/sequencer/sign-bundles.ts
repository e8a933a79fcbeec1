import type { Database } from '../../db/client.ts';
import { signExports } from '../../db/command/forensic-exports.ts';
import { currentLog } from '../../db/command/sequence-entries.ts';
import { formatNoteKey } from '../../domain/ledger/note.ts';
import { keepListening } from '../relay/listen.ts';
import { Wakeup } from '../relay/wakeup.ts';
import { existingSigner } from './log-key.ts';
import type { SequencerDeps } from './sequencer.ts';

/** Whoever asks says so; this is for a word that was lost. */
const POLL_MS = 1_000;

/**
 * Signs forensic bundles with the log's key until `signal` aborts. The process that makes a bundle never opens the key: it
 * leaves the hash in the record, and finds the signature there.
 */
export async function keepSigningBundles(
  { db, databaseUrl, stateRoot, log }: SequencerDeps,
  signal: AbortSignal,
): Promise<void> {
  const wakeup = new Wakeup(signal);
  const channel = { url: databaseUrl, session: 'interlock-bundles', channel: 'forensic_exports' };
  const { ended } = await keepListening(channel, () => wakeup.wake(), log, signal);
  while (!signal.aborted) {
    try {
      wakeup.arm();
      const settled = await signWaiting(db, stateRoot);
      if (settled > 0) log.info({ event: 'forensic.settled', count: settled });
      else await wakeup.sleepUnlessWoken(POLL_MS);
    } catch (error) {
      log.warn({ event: 'forensic.signing_failed', reason: error instanceof Error ? error.message : String(error) });
      await wakeup.sleep(POLL_MS);
    }
  }
  await ended;
}

/** How many were settled. A key that is not the one of the growing log signs nothing. */
async function signWaiting(db: Database, stateRoot: string): Promise<number> {
  const current = await currentLog(db);
  if (current === undefined) return 0;
  return signExports(db, current.epoch, (bundleHash) => {
    const signer = existingSigner(stateRoot, { ...current, generation: current.key_generation });
    if (signer === undefined || formatNoteKey(signer.key) !== current.verifier_key)
      throw new Error(`the log ${current.origin} has another key`);
    return signer.sign(bundleHash);
  });
}
