import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';

/**
 * Makes a node's state unknown until a fresh quote passes: who starts again cannot tell what ran on the host meanwhile.
 * A node that is not enrolled, or whose quote is already awaited, stays as it is.
 */
export async function awaitFreshQuote(db: Database, by: Caller, node: string): Promise<void> {
  await transaction(db, async (tx) => {
    const row = await one<{ version: number; now: string }>(
      tx,
      `UPDATE attestation_nodes SET reboot_pending = true, version = version + 1
        WHERE workspace_id = $1 AND node = $2 AND state = 'enrolled' AND NOT reboot_pending
        RETURNING version, date_trunc('milliseconds', clock_timestamp()) AS now`,
      [INSTANCE, node],
    );
    if (row === undefined) return;
    await writeEntries(tx, [
      {
        workspace_id: INSTANCE,
        at: row.now,
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: 'quote_awaited',
        object: `node/${node}`,
        record_hash: null,
        record_version: row.version,
        detail: {},
        policy_digest: null,
      },
    ]);
  });
}
