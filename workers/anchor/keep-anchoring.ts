import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { CONTROL_QUEUE } from '../../activities/start-process.ts';
import { suspectRollback } from '../../db/command/suspect-rollback.ts';
import { anchoringNode, anchorStanding } from '../../db/read/anchors.ts';
import type { AnchorStanding } from '../../db/read/anchors.ts';
import { anchorDue } from '../../domain/ledger/anchor.ts';
import type { LedgerAnchorInput, LedgerAnchorResult } from '../../workflows/ledger-anchor/messages.ts';
import { foundByBlobs } from '../anchor-port.ts';
import { ITSELF } from '../enrolment-port.ts';
import type { Logger } from '../log.ts';
import type { RollbackDeps } from './rollback-check.ts';

const LOOK_AGAIN_MS = 10_000;
/** A host that does not answer is given up by then; whoever starts or stops waits no longer. */
const START_WAITS_MS = 8_000;
const STOP_WAITS_MS = 3_000;
const RUNS_AT_MOST = '60s';

export interface AnchoringDeps extends RollbackDeps {
  client: Client;
  /** The host whose TPM anchors where it is enrolled. */
  node: string;
  intervalMs: number;
  log: Logger;
}

/** The anchors of the log, as one control process sees to them. */
export class Anchoring {
  readonly #deps: AnchoringDeps;
  /** Whether the counter was judged since the start, and when a halted log was last looked at. */
  #judged = false;
  #lookedAt = 0;

  constructor(deps: AnchoringDeps) {
    this.#deps = deps;
  }

  /** Before anything is added to the log: whether the blobs know of more than the record. What is found has closed the gates. */
  async checkBlobs(): Promise<void> {
    const found = await foundByBlobs(this.#deps, this.#deps.log);
    if (found === null) return;
    const incident_id = await suspectRollback(this.#deps.db, ITSELF, found, `start/${randomUUID()}`);
    this.#deps.log.error({ event: 'ledger.rollback_suspected', incident_id, ...found });
  }

  /** Has the counter judged where this record has ever moved it. A TPM out of reach is waited for only a little. */
  async checkCounter(): Promise<void> {
    await this.#within(START_WAITS_MS, async () => {
      const standing = await anchorStanding(this.#deps.db);
      if (standing?.last == null) this.#judged = true;
      else await this.#run(false);
    });
  }

  /** Anchors the log whenever that is due, until `signal` aborts. */
  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const standing = await anchorStanding(this.#deps.db);
        if (standing !== undefined && this.#isDue(standing)) await this.#run(false);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#deps.log.warn({ event: 'anchor.failed', reason });
      }
      await sleep(Math.min(this.#deps.intervalMs, LOOK_AGAIN_MS), undefined, { signal }).catch(() => undefined);
    }
  }

  /** The last anchor before this process ends; only where they come, for nobody waits for a host that is away. */
  async close(): Promise<void> {
    const standing = await anchorStanding(this.#deps.db).catch(() => undefined);
    if (standing === undefined || standing.anchored_size === 0) return;
    if (standing.missed_at !== null || standing.halted_at !== null) return;
    if (anchorDue({ ...standing, interval_ms: 0 }, true)) await this.#within(STOP_WAITS_MS, () => this.#run(true));
  }

  /** A halted log is looked at again all the same: its incident may have been resolved, and the suspicion not. */
  #isDue(standing: AnchorStanding): boolean {
    const { intervalMs } = this.#deps;
    if (!this.#judged) return true;
    if (standing.halted_at !== null) return Date.now() - this.#lookedAt >= intervalMs;
    return anchorDue({ ...standing, interval_ms: intervalMs }, false);
  }

  async #run(closing: boolean): Promise<void> {
    const { db, client, node: preferred, log } = this.#deps;
    const node = await anchoringNode(db, preferred);
    if (node === undefined) return;
    this.#lookedAt = Date.now();
    const input: LedgerAnchorInput = { schema: 1, node, closing };
    const done = (await client.workflow.execute('ledgerAnchor', {
      workflowId: `anchor/${node}`,
      taskQueue: CONTROL_QUEUE,
      args: [input],
      workflowExecutionTimeout: RUNS_AT_MOST,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
    })) as LedgerAnchorResult;
    if (done.result !== 'missed') this.#judged = true;
    const line = { event: `anchor.${done.result}`, node, reason: done.reason };
    if (done.result === 'suspected') log.error(line);
    else if (done.result === 'missed') log.warn(line);
    else log.info(line);
  }

  async #within(ms: number, work: () => Promise<void>): Promise<void> {
    const waited = sleep(ms, 'late', { ref: false });
    try {
      if ((await Promise.race([work(), waited])) === 'late') this.#deps.log.warn({ event: 'anchor.late' });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#deps.log.warn({ event: 'anchor.failed', reason });
    }
  }
}
