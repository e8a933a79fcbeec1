import type { Database } from '../../db/client.ts';
import { newestNotification, notificationsAbove } from '../../db/read/new-notifications.ts';
import type { Logger } from '../log.ts';
import { Wakeup } from './wakeup.ts';

const POLL_MS = 500;
const AT_ONCE = 500;
/** How far back a row with a lower id may still appear, because its transaction committed later. */
const LOOK_BACK = 500;

/** Writes a log line `operator_alert` for every notification committed while it runs, until `signal` aborts. */
export async function announceAlerts(db: Database, log: Logger, signal: AbortSignal): Promise<void> {
  const wakeup = new Wakeup(signal);
  let start: number | undefined;
  let seen = new Set<number>();
  let newest = 0;
  while (!signal.aborted) {
    try {
      start ??= newest = await newestNotification(db);
      const from = Math.max(start, newest - LOOK_BACK);
      const found = await notificationsAbove(db, from, AT_ONCE + LOOK_BACK);
      for (const { id, created_at, ...alert } of found) {
        if (seen.has(id)) continue;
        log.warn({ event: 'operator_alert', notification_id: id, at: created_at, ...alert });
      }
      seen = new Set([...seen, ...found.map((n) => n.id)].filter((id) => id > newest - 2 * LOOK_BACK));
      newest = found.at(-1)?.id ?? newest;
    } catch (error) {
      log.warn({ event: 'operator_alert.failed', reason: error instanceof Error ? error.message : String(error) });
    }
    await wakeup.sleep(POLL_MS);
  }
}
