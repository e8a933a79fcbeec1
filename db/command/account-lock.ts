import type { Database } from '../client.ts';

/**
 * Accounts of one process that are worked on at the same time. Each holds a connection for as long as the other side takes
 * to answer, and its work needs more of them: the pool is everybody's.
 */
const AT_ONCE = 3;

let free = AT_ONCE;
const waiting: (() => void)[] = [];
/** Whoever waits for an account that this very process works on waits without a connection. */
const last = new Map<string, Promise<unknown>>();

/** Runs `work` while no other process works on the account of this upstream: a refresh token may count only once. */
export async function withAccountLock<T>(db: Database, name: string, work: () => Promise<T>): Promise<T> {
  const before = last.get(name) ?? Promise.resolve();
  const mine = before.then(() => withRoom(() => locked(db, name, work)));
  const settled = mine.catch(() => undefined);
  last.set(name, settled);
  try {
    return await mine;
  } finally {
    if (last.get(name) === settled) last.delete(name);
  }
}

async function withRoom<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }
}

async function locked<T>(db: Database, name: string, work: () => Promise<T>): Promise<T> {
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
