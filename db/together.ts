import { sqlState } from './errors.ts';

/** What the server says to every statement behind the one that failed. */
const IN_FAILED_TRANSACTION = '25P02';

type Settled<T extends readonly unknown[]> = { -readonly [K in keyof T]: Awaited<T[K]> };

/**
 * Awaits statements that were sent together on one connection: all of them, so that nothing is under way when the
 * transaction ends, and of several failures throws the one that caused the others.
 */
export async function together<T extends readonly unknown[] | []>(statements: T): Promise<Settled<T>> {
  const settled = await Promise.allSettled(statements);
  const failed = settled.flatMap((s) => (s.status === 'rejected' ? [s.reason as unknown] : []));
  if (failed.length > 0) throw failed.find((reason) => sqlState(reason) !== IN_FAILED_TRANSACTION) ?? failed[0];
  return settled.map((s) => (s.status === 'fulfilled' ? s.value : undefined)) as Settled<T>;
}
