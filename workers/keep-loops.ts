import type { Logger } from './log.ts';

export interface LoopsOf {
  log: Pick<Logger, 'fatal'>;
  /** Aborts when the process is to end: from then on a loop may. */
  stop: AbortSignal;
  /** Ends the process: whoever supervises it starts it again, with every loop. */
  fail: (reason: Error) => void;
}

/**
 * Sees to it that none of a process's loops ends before the process: one that rejects, or just returns, would leave its work
 * to nobody while everything else looks well. Resolves when all have ended.
 */
export async function keepLoops(loops: Record<string, Promise<unknown>>, { log, stop, fail }: LoopsOf): Promise<void> {
  const ended = (loop: string, cause?: unknown): void => {
    if (stop.aborted) return;
    log.fatal({ event: 'control.loop_ended', loop, ...(cause === undefined ? {} : { err: cause }) });
    fail(new Error(`the loop ${loop} ended`, { cause }));
  };
  await Promise.all(
    Object.entries(loops).map(([name, loop]) =>
      loop.then(
        () => ended(name),
        (error: unknown) => ended(name, error),
      ),
    ),
  );
}
