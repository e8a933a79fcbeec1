import { instanceOf } from '../../domain/ledger/anchor.ts';
import type { Role } from '../../domain/identity/roles.ts';
import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { currentLog } from '../command/sequence-entries.ts';

/** A registered key; `public_key` is raw, 32 bytes, `actor` who registered it. */
export interface OperatorKey {
  workspace_id: string;
  key_id: string;
  user_id: string;
  algorithm: 'ed25519';
  public_key: Buffer;
  roles: Role[];
  registered_at: string;
  not_after: string | null;
  revoked_at: string | null;
  revoked_by: string | null;
  actor: string;
}

/** One key of a workspace by its id. */
export async function findKey(db: Queryable, workspace_id: string, key_id: string): Promise<OperatorKey | undefined> {
  return one<OperatorKey>(db, 'SELECT * FROM operator_keys WHERE workspace_id = $1 AND key_id = $2', [
    workspace_id,
    key_id,
  ]);
}

/** The keys of a workspace in the order of their ids, `limit` of them behind `after`; `next` is where the page ends. */
export async function listKeys(
  db: Queryable,
  { workspace_id, limit, after }: { workspace_id: string; limit: number; after?: string },
): Promise<{ items: OperatorKey[]; next: string | null }> {
  const found = await rows<OperatorKey>(
    db,
    `SELECT * FROM operator_keys WHERE workspace_id = $1 AND key_id > $2 ORDER BY workspace_id, key_id LIMIT $3`,
    [workspace_id, after ?? '', limit + 1],
  );
  const items = found.slice(0, limit);
  return { items, next: found.length > limit ? (items.at(-1)?.key_id ?? null) : null };
}

/** The name under which signatures are made for this instance: that of its log, which a new epoch keeps. */
export async function instanceName(db: Queryable): Promise<string | undefined> {
  const log = await currentLog(db);
  return log === undefined ? undefined : instanceOf(log.origin);
}
