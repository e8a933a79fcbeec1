import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { writeEntries } from '../write/ledger.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

export type ChildRestarted = { ok: true; version: number } | { ok: false; code: 'adapter_not_found' } | Reused;

/** Has a child adapter run anew: under a new lease, with what its slots hold then. */
export async function restartChild(
  db: Database,
  by: Caller,
  { name, key }: { name: string; key: DecisionKey },
): Promise<ChildRestarted> {
  const once = { workspace_id: by.workspace_id, aggregate: `adapter/${name}`, kind: 'restart', key };
  return decideOnce<ChildRestarted>(db, by, once, async (tx, now) => {
    const row = await one<{ adapter_id: string; version: number }>(
      tx,
      `UPDATE adapters SET version = version + 1
        WHERE workspace_id = $1 AND name = $2 AND state = 'active' AND mode = 'child_process' RETURNING adapter_id, version`,
      [by.workspace_id, name],
    );
    if (row === undefined) return { ok: false, code: 'adapter_not_found' };
    await writeEntries(tx, [
      {
        workspace_id: by.workspace_id,
        at: now,
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: 'adapter_restarted',
        object: `adapter/${row.adapter_id}`,
        record_hash: null,
        record_version: row.version,
        detail: { name },
        policy_digest: null,
      },
    ]);
    return { ok: true, version: row.version };
  });
}
