import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { wakeWatch } from '../write/watches.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';

/**
 * Makes a node's state unknown until a fresh quote passes, and has its watch take one: who starts again cannot tell what
 * ran on the host meanwhile. A node that is not enrolled stays as it is.
 */
export async function awaitFreshQuote(db: Database, by: Caller, node: string): Promise<void> {
  await transaction(db, async (tx) => {
    const row = await one<{ version: number; reboot_pending: boolean; now: string }>(
      tx,
      `SELECT version, reboot_pending, date_trunc('milliseconds', clock_timestamp()) AS now FROM attestation_nodes
        WHERE workspace_id = $1 AND node = $2 AND state = 'enrolled' FOR UPDATE`,
      [INSTANCE, node],
    );
    if (row === undefined) return;
    if (!row.reboot_pending) await becomeUnknown(tx, by, node, row);
    await wakeWatch(tx, { type: 'attestationWatch', subject: node, version: row.version, actor: by.actor }, row.now);
  });
}

async function becomeUnknown(
  tx: Tx,
  by: Caller,
  node: string,
  { version, now }: { version: number; now: string },
): Promise<void> {
  await tx.query(
    `UPDATE attestation_nodes SET reboot_pending = true, version = version + 1 WHERE workspace_id = $1 AND node = $2`,
    [INSTANCE, node],
  );
  await writeEntries(tx, [
    {
      workspace_id: INSTANCE,
      at: now,
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      action: 'quote_awaited',
      object: `node/${node}`,
      record_hash: null,
      record_version: version + 1,
      detail: {},
      policy_digest: null,
    },
  ]);
}
