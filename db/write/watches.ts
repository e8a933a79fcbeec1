import { workflowIdOf } from '../../domain/process/types.ts';
import type { WatchType } from '../../domain/process/types.ts';
import { INSTANCE } from '../command/caller.ts';
import type { Tx } from '../transaction.ts';

/** What a watch finds is critical, so it travels and runs with what is. */
const CRITICAL = 1;

/** Settled from the start: the relay's window is for processes that come and go, a watch stays. */
const LIST = `INSERT INTO process AS p (workspace_id, workflow_id, type, subject, severity_rank, created_at, settled_at, actor)
  VALUES ($1, $2, $3, $4, $5, $6, $6, $7)
  ON CONFLICT (workspace_id, workflow_id) DO UPDATE SET over_at = NULL, settled_at = coalesce(p.settled_at, excluded.settled_at)`;

const POKE = `INSERT INTO outbox (workspace_id, workflow_id, type, subject, version, severity_rank, created_at, actor)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`;

/** Lists a watch among the processes that the engine has to run, and has it look at once. */
export async function wakeWatch(
  tx: Tx,
  watch: { type: WatchType; subject: string; version: number; actor: string },
  now: string,
): Promise<void> {
  const { type, subject, version, actor } = watch;
  const id = workflowIdOf(type, subject);
  await tx.query(LIST, [INSTANCE, id, type, subject, CRITICAL, now, actor]);
  await tx.query(POKE, [INSTANCE, id, type, subject, version, CRITICAL, now, actor]);
  await tx.query("SELECT pg_notify('outbox', '')");
}

/** The record no longer asks for this watch: it ends with its next look, and nobody starts it again. */
export async function endWatch(tx: Tx, type: WatchType, subject: string, now: string): Promise<void> {
  await tx.query('UPDATE process SET over_at = $3 WHERE workspace_id = $1 AND workflow_id = $2 AND over_at IS NULL', [
    INSTANCE,
    workflowIdOf(type, subject),
    now,
  ]);
}
