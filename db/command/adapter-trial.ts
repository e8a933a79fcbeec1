import { randomUUID } from 'node:crypto';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { wakeAdapter } from '../write/adapter-targets.ts';
import { writeEntries } from '../write/ledger.ts';
import type { Caller } from './caller.ts';

/** Asks for a trial request to an active adapter; undefined when there is none of this name. Returns the trial's id. */
export async function requestTrial(db: Database, by: Caller, name: string): Promise<string | undefined> {
  const trial = randomUUID();
  return transaction(db, async (tx) => {
    const row = await one<{ adapter_id: string; now: string }>(
      tx,
      `UPDATE adapters SET trial_id = $3 WHERE workspace_id = $1 AND name = $2 AND state = 'active'
        RETURNING adapter_id, date_trunc('milliseconds', clock_timestamp()) AS now`,
      [by.workspace_id, name, trial],
    );
    if (row === undefined) return undefined;
    await writeEntries(tx, [
      {
        workspace_id: by.workspace_id,
        at: row.now,
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: 'adapter_tested',
        object: `adapter/${row.adapter_id}`,
        record_hash: null,
        record_version: null,
        detail: { name },
        policy_digest: null,
      },
    ]);
    await wakeAdapter(tx, { workspace_id: by.workspace_id, adapter_id: row.adapter_id }, row.now, by.actor);
    return trial;
  });
}
