import type { Database } from '../../db/client.ts';
import { openNextDue } from '../../db/command/open-scheduled.ts';
import type { Logger } from '../log.ts';
import { Wakeup } from '../relay/wakeup.ts';

const EVERY_MS = 5_000;
/** So many are opened in one round. */
const MOST = 100;

/** Opens the rotations that are due until `signal` aborts. A round that fails is repeated by the next. */
export async function keepSchedules({ db, log }: { db: Database; log: Logger }, signal: AbortSignal): Promise<void> {
  const wakeup = new Wakeup(signal);
  while (!signal.aborted) {
    try {
      for (let n = 0; n < MOST; n++) {
        const due = await openNextDue(db);
        if (due === undefined) break;
        if ('code' in due) log.warn({ event: 'rotation.not_opened', ...due });
        else log.info({ event: 'rotation.opened', ...due });
      }
    } catch (error) {
      log.warn({ event: 'rotation.schedules_failed', reason: error instanceof Error ? error.message : String(error) });
    }
    await wakeup.sleep(EVERY_MS);
  }
}
