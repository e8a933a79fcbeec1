import type { Client } from '@temporalio/client';
import type { Database } from '../../db/client.ts';
import { recreateProcess } from '../../db/command/recreate-process.ts';
import { unfinishedProcesses } from '../../db/read/process-pages.ts';
import type { UnfinishedProcess } from '../../db/read/process-pages.ts';
import type { Logger } from '../log.ts';
import { Wakeup } from '../relay/wakeup.ts';
import { notRunning } from './running.ts';
import { StaleWalk } from './stale-walk.ts';

const PAGE = 200;
const EVERY_MS = 30_000;

export interface ReconcileDeps {
  db: Database;
  client: Client;
  log: Logger;
}

/** One round: every process that the record wants and the engine does not run is re-created, critical first. Returns how many. */
export async function reconcile({ db, client, log }: ReconcileDeps): Promise<number> {
  let recreated = 0;
  let page: UnfinishedProcess[] = [];
  do {
    page = await unfinishedProcesses(db, page.at(-1), PAGE);
    if (page.length === 0) break;
    const missing = await notRunning(
      client,
      page.map((p) => p.workflow_id),
    );
    for (const lost of page) {
      const found = missing.get(lost.workflow_id);
      if (found === undefined || !(await recreateProcess(db, lost, found))) continue;
      recreated += 1;
      log.warn({ event: 'process.recreated', workflow_id: lost.workflow_id, found });
    }
  } while (page.length === PAGE);
  return recreated;
}

/**
 * Reconciles at once and then every 30 s until `signal` aborts: what is missing is re-created, what is stale is poked. A
 * round that fails is repeated by the next.
 */
export async function keepReconciling(deps: ReconcileDeps, signal: AbortSignal): Promise<void> {
  const wakeup = new Wakeup(signal);
  const walk = new StaleWalk(deps);
  while (!signal.aborted) {
    for (const round of [() => reconcile(deps), () => walk.round()]) {
      try {
        await round();
      } catch (error) {
        deps.log.warn({ event: 'reconcile.failed', reason: error instanceof Error ? error.message : String(error) });
      }
    }
    await wakeup.sleep(EVERY_MS);
  }
}
