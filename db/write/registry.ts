import { one } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from './ledger.ts';

interface By {
  workspace_id: string;
  actor: string;
  on_behalf_of: string | null;
}

/** One change of the registry, with who made it. */
export const registryEntry = (
  tx: Tx,
  { workspace_id, actor, on_behalf_of }: By,
  entry: { at: string; action: string; object: string; detail: Record<string, unknown> },
): Promise<void> =>
  writeEntries(tx, [
    { workspace_id, actor, on_behalf_of, record_hash: null, record_version: null, policy_digest: null, ...entry },
  ]);

/** What is done to the bytes of a digest is done by one transaction at a time, in whatever workspace: they share the file. */
export async function lockDigest(tx: Tx, digest: string): Promise<string> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`registry:${digest}`]);
  return databaseNow(tx);
}

export async function databaseNow(tx: Tx): Promise<string> {
  const row = await one<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  if (row === undefined) throw new Error('the database has no clock');
  return row.now;
}
