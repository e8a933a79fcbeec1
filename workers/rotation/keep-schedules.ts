import type { Database } from '../../db/client.ts';
import { openNextDue } from '../../db/command/open-scheduled.ts';
import type { Logger } from '../log.ts';
import { keepRounds } from '../keep-rounds.ts';

const EVERY_MS = 5_000;
/** So many are opened in one round. */
const MOST = 100;

/** Opens the rotations that are due until `signal` aborts. A round that fails is repeated by the next. */
export async function keepSchedules({ db, log }: { db: Database; log: Logger }, signal: AbortSignal): Promise<void> {
  await keepRounds({ everyMs: EVERY_MS, log, failed: 'rotation.schedules_failed' }, () => round(db, log), signal);
}

async function round(db: Database, log: Logger): Promise<void> {
  for (let n = 0; n < MOST; n++) {
    const due = await openNextDue(db);
    if (due === undefined) return;
    if ('code' in due) log.warn({ event: 'rotation.not_opened', ...due });
    else log.info({ event: 'rotation.opened', ...due });
  }
}
