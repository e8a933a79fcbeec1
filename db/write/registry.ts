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

/** Slower stores take longer to give bytes their name: some of them copy all of it first. */
const NAMED_PER_MS = 10 * 1024;
const AT_ONCE = 64 * 1024 * 1024;

/** Lets a transaction wait for the store as long as so many bytes may take, beyond what it waits for by default. */
export async function awaitStore(tx: Tx, bytes: number): Promise<void> {
  if (bytes <= AT_ONCE) return;
  const ms = 60_000 + Math.ceil(bytes / NAMED_PER_MS);
  await tx.query(`SELECT set_config('idle_in_transaction_session_timeout', $1, true)`, [String(ms)]);
}

export async function databaseNow(tx: Tx): Promise<string> {
  const row = await one<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  if (row === undefined) throw new Error('the database has no clock');
  return row.now;
}
