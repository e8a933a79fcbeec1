import type pg from 'pg';
import { one } from './client.ts';
import type { Database } from './client.ts';
import { DatabaseError, isRepeatable, isUnreachable, sqlState } from './errors.ts';

export type Tx = pg.PoolClient;

const ATTEMPTS = 5;
/** How long the fate of an unanswered COMMIT is asked for; a server that crashed is back by then or not at all. */
const FATE_MS = 5000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Runs `work` in one transaction; serialization failures and deadlocks (SQLSTATE 40001, 40P01) repeat it. When COMMIT is
 * not answered its fate is looked up on a new connection (`pg_xact_status`) before anyone hears of it; a server that crashed
 * since may have given the number of a lost transaction to another one, so then only a failure is believed. Throws
 * `DatabaseError`: `database_unreachable` when nothing was committed, `outcome_unknown` when that cannot be told.
 */
export async function transaction<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(db, work);
    } catch (error) {
      if (attempt >= ATTEMPTS || !isRepeatable(error)) throw error;
      await pause(2 ** attempt * (0.5 + Math.random()));
    }
  }
}

async function once<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  const tx = await db.connect().catch((cause: unknown) => {
    throw new DatabaseError('database_unreachable', cause);
  });
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  tx.on('error', onError);
  try {
    // Sent ahead of the first statements, not awaited: when it fails on the server, they fail with it (25P02).
    const begun = begin(tx);
    begun.catch(() => undefined);
    const result = await work(tx);
    const identity = await begun;
    const committed = await commit(tx, onError);
    if (!committed) await settleFate(db, identity);
    return result;
  } catch (error) {
    if (isUnreachable(error)) {
      broken ??= error as Error;
      throw error instanceof DatabaseError ? error : new DatabaseError('database_unreachable', error);
    }
    await tx.query('ROLLBACK').catch(onError);
    throw error;
  } finally {
    tx.off('error', onError);
    tx.release(broken);
  }
}

/** A transaction as its server knows it: its number, and the server's time when it began. */
interface Begun {
  xid: string;
  at: string;
}

async function begin(tx: Tx): Promise<Begun> {
  const text = 'BEGIN; SELECT pg_current_xact_id()::text AS xid, now()::text AS at';
  const results = (await tx.query(text)) as unknown as pg.QueryResult[];
  return results[1]?.rows[0] as Begun;
}

/** False when the connection broke before the server said what it did. */
async function commit(tx: Tx, onError: (error: Error) => void): Promise<boolean> {
  try {
    await tx.query('COMMIT');
    return true;
  } catch (cause) {
    if (sqlState(cause) !== undefined && !isUnreachable(cause)) throw cause;
    onError(cause as Error);
    return false;
  }
}

/**
 * Numbers that were given and not yet written to the log are given again after a crash. The checkpointer is as old as the
 * server since its last one; who may not see that it is older than the transaction does not know.
 */
const FATE = `SELECT pg_xact_status($1::text::xid8) AS status,
  (SELECT backend_start FROM pg_stat_activity WHERE backend_type = 'checkpointer') < $2::timestamptz AS unbroken`;

/** Returns when the transaction is known to have committed. */
async function settleFate(db: Database, { xid, at }: Begun): Promise<void> {
  const deadline = Date.now() + FATE_MS;
  while (Date.now() < deadline) {
    const row = await one<{ status: string | null; unbroken: boolean | null }>(db, FATE, [xid, at]).catch(
      () => undefined,
    );
    if (row?.status === 'committed' && row.unbroken === true) return;
    if (row?.status === 'committed') break;
    if (row?.status === 'aborted') throw new DatabaseError('database_unreachable');
    await pause(100);
  }
  throw new DatabaseError('outcome_unknown');
}
