import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey, WorkflowNotFoundError } from '@temporalio/common';
import type { Database } from '../../db/client.ts';
import { staleProcesses } from '../../db/read/stale-processes.ts';
import type { RunningProcess } from '../../db/read/stale-processes.ts';
import { PROCESS_TYPES } from '../../domain/process/types.ts';
import { isEngineAway } from '../engine/engine-away.ts';
import type { Logger } from '../log.ts';

/** The engine lists 6,000 in 0.7 s on two cores: a round of at most 10,000 stays near one second of every thirty. */
const BOUNDS = { page: 500, pages: 20 };
/** After a restore thousands may be stale; a round ends with the page that brings it here, so that they do not crowd out who waits. */
const POKES_A_ROUND = 600;
const AT_ONCE = 8;
const LIST_DEADLINE_MS = 10_000;
const POKE_DEADLINE_MS = 5_000;

const WORKSPACE = defineSearchAttributeKey('Workspace', 'KEYWORD');
const RUNNING = `ExecutionStatus = 'Running' AND WorkflowType IN (${PROCESS_TYPES.map((type) => `'${type}'`).join(', ')})`;

export interface StaleWalkDeps {
  db: Database;
  client: Client;
  log: Logger;
}

/**
 * Walks through what the engine runs, some pages a round, for what the record does not want: an engine restored from an
 * old copy waits for incidents that were resolved since. Such a workflow is poked, never ended: it reads its record, and
 * only the record lets it return. So nothing changes in the record, and a list that lags costs a needless look.
 */
export class StaleWalk {
  readonly #deps: StaleWalkDeps;
  readonly #bounds: typeof BOUNDS;
  #running: AsyncIterator<WorkflowExecutionInfo> | undefined;

  constructor(deps: StaleWalkDeps, bounds = BOUNDS) {
    this.#deps = deps;
    this.#bounds = bounds;
  }

  /** Goes on where the last round stopped, at the latest to the end of the list. Returns the ids of what was poked. */
  async round(): Promise<string[]> {
    const poked: string[] = [];
    try {
      for (let pages = 0; pages < this.#bounds.pages && poked.length < POKES_A_ROUND; pages += 1) {
        const page = await this.#next();
        const stale = page.length === 0 ? [] : await staleProcesses(this.#deps.db, page);
        poked.push(...(await this.#poke(stale.map((s) => s.workflow_id))));
        if (page.length < this.#bounds.page) {
          this.#running = undefined;
          break;
        }
      }
    } catch (error) {
      this.#running = undefined;
      throw error;
    }
    return poked;
  }

  async #next(): Promise<RunningProcess[]> {
    const { client } = this.#deps;
    const running = (this.#running ??= client.workflow
      .list({ query: RUNNING, pageSize: this.#bounds.page })
      [Symbol.asyncIterator]());
    return client.withDeadline(Date.now() + LIST_DEADLINE_MS, async () => {
      const page: RunningProcess[] = [];
      while (page.length < this.#bounds.page) {
        const next = await running.next();
        if (next.done === true) break;
        const { workflowId, typedSearchAttributes } = next.value;
        page.push({ workspace_id: typedSearchAttributes.get(WORKSPACE) ?? '', workflow_id: workflowId });
      }
      return page;
    });
  }

  async #poke(ids: string[]): Promise<string[]> {
    const queue = ids.values();
    const poked: string[] = [];
    const poker = async () => {
      for (const id of queue) if (await this.#pokeOne(id)) poked.push(id);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, poker));
    return poked;
  }

  /** False when it has returned by itself, which a signal without a start leaves so, or would not take the poke. */
  async #pokeOne(id: string): Promise<boolean> {
    const { client, log } = this.#deps;
    const handle = client.workflow.getHandle(id);
    try {
      await client.withDeadline(Date.now() + POKE_DEADLINE_MS, () => handle.signal('poke', { version: 0 }));
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      if (isEngineAway(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ event: 'process.stale_poke_failed', workflow_id: id, reason });
      return false;
    }
    log.warn({ event: 'process.stale_poked', workflow_id: id });
    return true;
  }
}
