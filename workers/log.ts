import { pino } from 'pino';
import type { Logger } from 'pino';
import { DefaultLogger } from '@temporalio/worker';
import type { LogEntry } from '@temporalio/worker';

export type { Logger };

/** JSON lines on standard output; every line has an `event`. */
export const createLog = (process: string): Logger =>
  pino({ base: { process, pid: globalThis.process.pid }, timestamp: pino.stdTimeFunctions.isoTime });

/** The engine SDK's own messages, from `WARN` on. */
export const sdkLogger = (log: Logger): DefaultLogger =>
  new DefaultLogger('WARN', ({ level, message, meta }: LogEntry) => {
    const line = { event: 'temporal.sdk', sdk: { ...meta, message } };
    if (level === 'ERROR') log.error(line);
    else log.warn(line);
  });
