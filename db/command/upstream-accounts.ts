import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';

/** What may be known of tokens by everyone who may read the status. */
export interface AccountChange {
  state: 'logged_in' | 'logged_out';
  issuer: string | null;
  scope: string | null;
  refreshable: boolean;
  expires_at: string | null;
  error: string | null;
}

/** Records what became of the account of an upstream, with its entry; `action` says by what. */
export async function recordAccount(
  db: Database,
  name: string,
  by: { actor: string; on_behalf_of: string | null; action: string },
  change: AccountChange,
): Promise<void> {
  const { state, issuer, scope, refreshable, expires_at, error } = change;
  await transaction(db, async (tx) => {
    const row = await one<{ version: number; changed_at: string }>(
      tx,
      `INSERT INTO upstream_accounts AS a (workspace_id, name, state, issuer, scope, refreshable, expires_at, error, changed_at,
          version, actor, on_behalf_of)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, date_trunc('milliseconds', clock_timestamp()), 1, $9, $10)
        ON CONFLICT (workspace_id, name) DO UPDATE SET state = excluded.state, issuer = excluded.issuer,
          scope = excluded.scope, refreshable = excluded.refreshable, expires_at = excluded.expires_at,
          error = excluded.error, changed_at = excluded.changed_at, version = a.version + 1, actor = excluded.actor,
          on_behalf_of = excluded.on_behalf_of
        RETURNING version, changed_at`,
      [INSTANCE, name, state, issuer, scope, refreshable, expires_at, error, by.actor, by.on_behalf_of],
    );
    await writeEntries(tx, [
      {
        workspace_id: INSTANCE,
        at: row?.changed_at ?? '',
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: by.action,
        object: `upstream/${name}`,
        record_hash: null,
        record_version: row?.version ?? 0,
        detail: { name, state, issuer, scope, refreshable, expires_at, error },
        policy_digest: null,
      },
    ]);
  });
}
