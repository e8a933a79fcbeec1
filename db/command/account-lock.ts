import type { Database } from '../client.ts';

/** Runs `work` while no other process works on the account of this upstream: a refresh token may count only once. */
export async function withAccountLock<T>(db: Database, name: string, work: () => Promise<T>): Promise<T> {
  const session = await db.connect();
  let broken: unknown;
  const lost = (error: Error) => {
    broken = error;
  };
  session.on('error', lost);
  try {
    await session.query("SELECT pg_advisory_lock(hashtext('interlock:upstream'), hashtext($1))", [name]);
    return await work();
  } finally {
    await session
      .query("SELECT pg_advisory_unlock(hashtext('interlock:upstream'), hashtext($1))", [name])
      .catch((error: unknown) => (broken = error));
    session.off('error', lost);
    session.release(broken !== undefined);
  }
}
