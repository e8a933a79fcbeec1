import { refuseEvent } from '../../db/command/refuse-event.ts';
import type { RefusedEvent } from '../../db/command/refuse-event.ts';
import type { Database } from '../../db/client.ts';
import type { Logger } from 'pino';

/** Between two entries about the same adapter and the same refusal. */
const EVERY_MS = 60_000;

export interface Refusals {
  /** Has a refusal in the ledger: the first at once, those of the next minute as one entry that counts them. */
  note(refused: Omit<RefusedEvent, 'count'>): Promise<void>;
  /** Writes what was counted and has no entry yet. */
  close(): Promise<void>;
}

/** Whoever can reach the door can be refused there, as often as they like: that must not grow the ledger as fast. */
export function createRefusals({ db, log }: { db: Database; log: Logger }): Refusals {
  const open = new Map<string, { refused: Omit<RefusedEvent, 'count'>; count: number; timer: NodeJS.Timeout }>();

  async function settle(key: string): Promise<void> {
    const window = open.get(key);
    open.delete(key);
    if (window === undefined) return;
    clearTimeout(window.timer);
    if (window.count > 0) await refuseEvent(db, { ...window.refused, count: window.count });
  }

  return {
    note: async (refused) => {
      const key = JSON.stringify([refused.workspace_id, refused.adapter_id, refused.code]);
      const window = open.get(key);
      if (window !== undefined) {
        window.count += 1;
        return;
      }
      const timer = setTimeout(() => {
        settle(key).catch((err: unknown) => log.error({ event: 'adapter_event.refusals_unrecorded', err }));
      }, EVERY_MS).unref();
      open.set(key, { refused, count: 0, timer });
      await refuseEvent(db, { ...refused, count: 1 });
    },
    close: async () => {
      await Promise.all([...open.keys()].map(settle));
    },
  };
}
