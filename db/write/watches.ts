import type { WatchType } from '../../domain/process/types.ts';
import { INSTANCE } from '../command/caller.ts';
import type { Tx } from '../transaction.ts';
import { endStanding, wakeStanding } from './standing-processes.ts';

/** What a watch finds is critical, so it travels and runs with what is. */
const CRITICAL = 1;

/** Lists a watch among the processes that the engine has to run, and has it look at once. */
export async function wakeWatch(
  tx: Tx,
  watch: { type: WatchType; subject: string; version: number; actor: string },
  now: string,
): Promise<void> {
  const { type, subject, version, actor } = watch;
  await wakeStanding(tx, { workspace_id: INSTANCE, type, subject }, { severity_rank: CRITICAL, version, actor, now });
}

/** The record no longer asks for this watch: it ends with its next look, and nobody starts it again. */
export const endWatch = (tx: Tx, type: WatchType, subject: string, now: string): Promise<void> =>
  endStanding(tx, { workspace_id: INSTANCE, type, subject }, now);
