import type { Fate, IntakeReply, IntakeRequest } from '../db/command/intake.ts';
import { DomainError } from '../domain/problem/problem.ts';

export interface IntakeQueue {
  /** The reply to this one report. Errors: too_many_requests, and what its own part of the batch failed with. */
  submit: (request: IntakeRequest) => Promise<IntakeReply>;
  /** Resolves when everything that was accepted is answered. */
  drained: () => Promise<void>;
}

export interface IntakeQueueOptions {
  record: (batch: IntakeRequest[]) => Promise<Fate[]>;
  /** Reports that share a transaction. */
  maxBatch?: number;
  /** Reports that may wait; from there on the door says so instead of growing. */
  maxWaiting?: number;
}

interface Waiting {
  request: IntakeRequest;
  resolve: (reply: IntakeReply) => void;
  reject: (error: unknown) => void;
}

/** Group commit: while one batch is being recorded the reports that arrive gather for the next. */
export function createIntakeQueue({ record, maxBatch = 128, maxWaiting = 2048 }: IntakeQueueOptions): IntakeQueue {
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function recordNext(): Promise<void> {
    const batch = waiting.slice(0, maxBatch);
    waiting = waiting.slice(maxBatch);
    try {
      const fates = await record(batch.map((w) => w.request));
      batch.forEach((w, i) => {
        const fate = fates[i] as Fate;
        if ('error' in fate) w.reject(fate.error);
        else w.resolve(fate.reply);
      });
    } catch (error) {
      for (const w of batch) w.reject(error);
    }
  }

  async function run(): Promise<void> {
    // Requests that the event loop has already read share the first batch; nobody waits for a timer.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) await recordNext();
    running = undefined;
  }

  return {
    submit: (request) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= maxWaiting) {
          reject(new DomainError('too_many_requests'));
          return;
        }
        waiting.push({ request, resolve, reject });
        running ??= run();
      }),
    drained: async () => {
      while (running !== undefined) await running;
    },
  };
}
