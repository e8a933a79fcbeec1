import { one } from '../client.ts';
import type { Queryable } from '../client.ts';

/** Digest of the containment policy in force; undefined before the first start made one active. */
export async function activePolicyDigest(db: Queryable): Promise<string | undefined> {
  const row = await one<{ digest: string }>(db, "SELECT digest FROM active_policies WHERE kind = 'containment'");
  return row?.digest;
}
