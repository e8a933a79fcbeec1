import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../db/client.ts';
import { currentLog, openFirstEpoch, publishCheckpoint, sequenceEntries } from '../../db/command/sequence-entries.ts';
import type { LogHead, SequencerMemory } from '../../db/command/sequence-entries.ts';
import { formatCheckpoint } from '../../domain/ledger/checkpoint.ts';
import { formatNoteKey, signNote } from '../../domain/ledger/note.ts';
import type { Logger } from '../log.ts';
import { keepListening } from '../relay/listen.ts';
import { Wakeup } from '../relay/wakeup.ts';
import { logSigner } from './log-key.ts';
import type { LogSigner } from './log-key.ts';

/** Between two rounds: entries that come meanwhile share the next one, and intake keeps the machine. */
const PACE_MS = 40;
/** From here on there is a backlog, and nothing is gained by waiting. */
const BACKLOG = 2_000;
const POLL_MS = 1_000;
const AGAIN_AFTER_MS = 500;

export interface SequencerDeps {
  db: Database;
  databaseUrl: string;
  stateRoot: string;
  log: Logger;
  /** Opens the next epoch where two people have asked for it; true when it did. */
  openPromoted?: () => Promise<boolean>;
}

const INSTANCE_NAME = /[^A-Za-z0-9.-]+/g;

/**
 * Gives ledger entries their place in the log until `signal` aborts, and signs a checkpoint after each round that grew it.
 * Any number of sequencers may run: the head's lock lets one of them at a time.
 */
export async function runSequencer(
  { db, databaseUrl, stateRoot, log, openPromoted }: SequencerDeps,
  signal: AbortSignal,
): Promise<void> {
  const wakeup = new Wakeup(signal);
  const channel = { url: databaseUrl, session: 'interlock-sequencer', channel: 'ledger_entries' };
  const { ended } = await keepListening(channel, () => wakeup.wake(), log, signal);
  const memory: SequencerMemory = {};
  let signer: OpenLog | undefined;
  let unsigned = true;
  let lookedAt = 0;
  while (!signal.aborted) {
    try {
      if (openPromoted !== undefined && Date.now() - lookedAt >= POLL_MS) {
        lookedAt = Date.now();
        if (await openPromoted()) [signer, unsigned] = [undefined, true];
      }
      signer ??= await openLog(db, stateRoot, log);
      wakeup.arm();
      const round = await sequenceEntries(db, memory);
      if (round !== null && (unsigned || round.added > 0)) {
        unsigned = true;
        // Another process has opened an epoch: its key is another.
        if (round.epoch !== signer.epoch) signer = await openLog(db, stateRoot, log);
        await publish(db, round, signer);
        unsigned = false;
      }
      const added = round?.added ?? 0;
      if (added > 0 && added < BACKLOG) await sleep(PACE_MS);
      // What was queued while the round ran may have been too late for it.
      else if (added === 0) await wakeup.sleepUnlessWoken(POLL_MS);
    } catch (error) {
      signer = undefined;
      log.warn({ event: 'sequencer.failed', reason: error instanceof Error ? error.message : String(error) });
      await wakeup.sleep(AGAIN_AFTER_MS);
    }
  }
  await ended;
}

/** The machine's name is what tells the logs of several instances apart; it stays with the log. */
const firstOrigin = (): string => `${hostname().replace(INSTANCE_NAME, '-')}/1`;

interface OpenLog extends LogSigner {
  epoch: number;
}

/** The signer of the epoch that grows. A log whose key is another than ours is not signed by us: nothing is published. */
export async function openLog(db: Database, stateRoot: string, log: Logger): Promise<OpenLog> {
  const { origin, epoch } = (await currentLog(db)) ?? { origin: firstOrigin(), epoch: 1 };
  const signer = logSigner(stateRoot, { origin, epoch });
  const verifier_key = formatNoteKey(signer.key);
  await openFirstEpoch(db, { origin, verifier_key });
  const current = await currentLog(db);
  if (current === undefined || current.verifier_key !== verifier_key)
    throw new Error(`the log ${origin} has another key`);
  log.info({ event: 'sequencer.ready', origin, epoch, size: current.size });
  return { ...signer, epoch };
}

async function publish(db: Database, head: LogHead, { key, sign }: LogSigner): Promise<void> {
  const text = formatCheckpoint({ origin: key.name, size: head.size, root: head.root, extensions: [] });
  await publishCheckpoint(db, head, signNote(text, key, sign));
}
