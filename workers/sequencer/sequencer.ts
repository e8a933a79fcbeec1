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
import { existingSigner, logSigner, retireKeys } from './log-key.ts';
import type { LogSigner } from './log-key.ts';
import { enterAsked, publishBoth } from './rotate-key.ts';

/** Between two rounds: entries that come meanwhile share the next one, and intake keeps the machine. */
const PACE_MS = 40;
/** From the first entry of a round on: whoever wrote it answers somebody, and goes first. */
const GATHER_MS = 25;
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
export async function runSequencer(deps: SequencerDeps, signal: AbortSignal): Promise<void> {
  const { db, databaseUrl, stateRoot, log, openPromoted } = deps;
  const wakeup = new Wakeup(signal);
  const channel = { url: databaseUrl, session: 'interlock-sequencer', channel: 'ledger_entries' };
  const { ended } = await keepListening(channel, () => wakeup.wake(), log, signal);
  const memory: SequencerMemory = {};
  let signer: OpenLog | undefined;
  let unsigned = true;
  let lookedAt = 0;
  while (!signal.aborted) {
    try {
      if (Date.now() - lookedAt >= POLL_MS) {
        lookedAt = Date.now();
        if ((await openPromoted?.()) === true) [signer, unsigned] = [undefined, true];
        if (await enterAsked(deps)) unsigned = true;
      }
      signer ??= await openLog(db, stateRoot, log);
      wakeup.arm();
      const round = await sequenceEntries(db, memory);
      if (round !== null && round.handover_index !== null) {
        if (await publishBoth(deps, round)) unsigned = false;
        signer = undefined;
      } else if (round !== null && (unsigned || round.added > 0)) {
        unsigned = true;
        // Another process has opened an epoch, or changed the key.
        if (round.epoch !== signer.epoch || round.key_generation !== signer.generation)
          signer = await openLog(db, stateRoot, log);
        await publish(db, round, signer);
        unsigned = false;
      }
      const added = round?.added ?? 0;
      if (added > 0 && added < BACKLOG) await sleep(PACE_MS);
      // What was queued while the round ran may have been too late for it.
      else if (added === 0) {
        await wakeup.sleepUnlessWoken(POLL_MS);
        await sleep(GATHER_MS);
      }
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
  generation: number;
}

/**
 * The signer of the epoch that grows; a key is made only for the first. A log whose key is another than ours is not signed by
 * us: nothing is published. Keys that this one has replaced end here, should the process that replaced them have ended before.
 */
export async function openLog(db: Database, stateRoot: string, log: Logger): Promise<OpenLog> {
  if ((await currentLog(db)) === undefined) {
    const first = { origin: firstOrigin(), epoch: 1 };
    await openFirstEpoch(db, { origin: first.origin, verifier_key: formatNoteKey(logSigner(stateRoot, first).key) });
  }
  const current = await currentLog(db);
  if (current === undefined) throw new Error('no epoch of the log is open');
  const { origin, epoch, key_generation: generation } = current;
  const signer = existingSigner(stateRoot, { origin, epoch, generation });
  if (signer === undefined || current.verifier_key !== formatNoteKey(signer.key))
    throw new Error(`the log ${origin} has another key`);
  retireKeys(stateRoot, { origin, epoch, generation });
  log.info({ event: 'sequencer.ready', origin, epoch, generation, size: current.size });
  return { ...signer, epoch, generation };
}

async function publish(db: Database, head: LogHead, { key, sign }: LogSigner): Promise<void> {
  const text = formatCheckpoint({ origin: key.name, size: head.size, root: head.root, extensions: [] });
  await publishCheckpoint(db, head, signNote(text, key, sign));
}
