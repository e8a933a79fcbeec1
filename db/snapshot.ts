import type { Database } from './client.ts';
import { DatabaseError, isUnreachable } from './errors.ts';
import type { Tx } from './transaction.ts';

/**
 * Runs reads that all see the record as it was at the first of them. Throws `DatabaseError` `database_unreachable`.
 */
export async function snapshot<T>(db: Database, read: (tx: Tx) => Promise<T>): Promise<T> {
  const tx = await db.connect().catch((cause: unknown) => {
    throw new DatabaseError('database_unreachable', cause);
  });
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  tx.on('error', onError);
  try {
    await tx.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const result = await read(tx);
    await tx.query('COMMIT');
    return result;
  } catch (error) {
    await tx.query('ROLLBACK').catch(onError);
    throw isUnreachable(error) && !(error instanceof DatabaseError)
      ? new DatabaseError('database_unreachable', error)
      : error;
  } finally {
    tx.off('error', onError);
    tx.release(broken);
  }
}
