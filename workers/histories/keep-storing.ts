import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { Database } from '../../db/client.ts';
import { finishHistories, recordHistory } from '../../db/command/store-histories.ts';
import { unstoredHistories } from '../../db/read/unstored-histories.ts';
import type { ClosedProcess } from '../../db/read/unstored-histories.ts';
import { contentKey } from '../../storage/blob-store.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import { isEngineAway } from '../engine/engine-away.ts';
import type { Logger } from '../log.ts';
import { keepRounds } from '../keep-rounds.ts';
import { lastRun, runsOf } from './runs.ts';

const PAGE = 100;
/** Histories that are held at the same time; one may be 50 MB. */
const AT_ONCE = 2;
const EVERY_MS = 10_000;
/** A workflow that the engine does not have after this long is lost: the relay has started it by then, or never will. */
const LOST_AFTER_MS = 60_000;

export interface HistoriesDeps {
  db: Database;
  client: Client;
  blobs: Pick<BlobStore, 'put'>;
  log: Logger;
}

/**
 * One round: every run of each process that the record has closed goes among the blobs and on record. What a killed worker
 * left half done is done again: a blob is named by its content, a run is recorded once. Returns how many processes it
 * finished; one that fails waits for the next round. Errors: those of an engine that is away.
 */
export async function storeHistories(deps: HistoriesDeps, signal?: AbortSignal): Promise<number> {
  let finished = 0;
  let page: ClosedProcess[] = [];
  do {
    page = await unstoredHistories(deps.db, page.at(-1), PAGE);
    const queue = page.values();
    const store = async () => {
      for (const process of queue) {
        if (signal?.aborted === true) return;
        if (await finish(deps, process)) finished += 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, store));
  } while (page.length === PAGE && signal?.aborted !== true);
  return finished;
}

/** False when the process has to wait for another round. */
async function finish(deps: HistoriesDeps, process: ClosedProcess): Promise<boolean> {
  try {
    return await storeRuns(deps, process);
  } catch (error) {
    if ((error instanceof ServiceError || isGrpcServiceError(error)) && isEngineAway(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    deps.log.warn({ event: 'history.unstored', workflow_id: process.workflow_id, reason });
    return false;
  }
}

async function storeRuns({ db, client, blobs, log }: HistoriesDeps, process: ClosedProcess): Promise<boolean> {
  const { workflow_id } = process;
  const last = await lastRun(client, workflow_id);
  if (last.kind === 'running') return false;
  if (last.kind === 'not_found') {
    if (process.closed_for_ms < LOST_AFTER_MS) return false;
    await recordHistory(db, process, { run_id: 'unknown', lost: 'not_found' });
    log.warn({ event: 'history.lost', workflow_id });
  } else {
    for await (const run of runsOf(client, workflow_id, last.run_id)) {
      if ('lost' in run) {
        await recordHistory(db, process, run);
        log.warn({ event: 'history.lost', workflow_id, run_id: run.run_id });
        continue;
      }
      const { json, ...rest } = run;
      const key = contentKey(json);
      await blobs.put(key, json);
      const digest = key.slice(key.lastIndexOf('/') + 1);
      await recordHistory(db, process, { ...rest, digest, bytes: json.length });
    }
  }
  await finishHistories(db, process);
  return true;
}

/** Stores them until `signal` aborts; a round that fails is repeated by the next. */
export async function keepStoringHistories(deps: HistoriesDeps, signal: AbortSignal): Promise<void> {
  await keepRounds(
    { everyMs: EVERY_MS, log: deps.log, failed: 'histories.failed' },
    () => storeHistories(deps, signal),
    signal,
  );
}
