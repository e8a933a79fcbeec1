import { allHandlersFinished, condition, currentUpdateInfo, sleep, uuid4 } from '@temporalio/workflow';
import type { DecisionCaller } from '../domain/process/decision.ts';
import type { ApprovalOutcome, WatchDecision } from '../domain/process/watch.ts';
import { failureCode } from './failure-code.ts';
import { REREAD_AT_LEAST_MS } from './options.ts';
import { refused } from './refused.ts';

/** What an update carries besides its own fields; without a caller nobody was authenticated. */
export interface WatchEnvelope {
  caller?: DecisionCaller;
  request_digest?: string;
  /** Where it is not the update's id. */
  decision_id?: string;
}

/** The decision of the update that is being handled: its id is the update's unless it names another. */
export const decisionOf = (
  given: WatchEnvelope & { reason: string; ticket?: string; reviewed?: string },
): WatchDecision => ({
  decision_id: given.decision_id ?? currentUpdateInfo()?.id ?? uuid4(),
  caller: given.caller ?? null,
  request_digest: given.request_digest ?? null,
  reason: given.reason.trim(),
  ticket: given.ticket?.trim() ?? null,
  reviewed: given.reviewed ?? null,
});

/** People's decisions about what is watched, one at a time, and beside the rounds: a host that is silent holds up none. */
export class Desk {
  #last: Promise<unknown> = Promise.resolve();
  #answeredAt = -Infinity;
  /** An approval was granted since the last look. */
  lookDue = false;
  /** Decisions in this run. */
  taken = 0;

  /** Runs `work` after what came before it; what it fails with is the update's failure, with its code as the type. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    this.taken += 1;
    const before = this.#last;
    const mine = (async () => {
      await before;
      return work();
    })();
    this.#last = mine.catch(() => undefined);
    try {
      return await mine;
    } catch (error) {
      throw refused(failureCode(error, 'database_unreachable'));
    } finally {
      this.#answeredAt = Date.now();
    }
  }

  /** An approval changes what is expected: when it was granted, a look is due. */
  approve(work: () => Promise<ApprovalOutcome>): Promise<{ version: number }> {
    return this.take(async () => {
      const outcome = await work();
      if (!outcome.ok) throw refused(outcome.code);
      this.lookDue = true;
      return { version: outcome.version };
    });
  }

  /**
   * Resolves when every decision has its answer and that answer has left: a workflow task that also ended the run would
   * be thrown away, and the update with it, if a signal came in meanwhile.
   */
  async closed(): Promise<void> {
    for (;;) {
      await condition(allHandlersFinished);
      if (Date.now() - this.#answeredAt >= REREAD_AT_LEAST_MS) return;
      await sleep(REREAD_AT_LEAST_MS);
    }
  }
}
