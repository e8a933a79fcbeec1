import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { wakeWatch } from '../write/watches.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';

/**
 * Makes the state of protected files unknown until they were checked, and has their watch do so; the first time it is
 * also what has them watched. `node` is the host that the files are on.
 */
export async function awaitFreshCheck(
  db: Database,
  by: Caller,
  { baseline, node }: { baseline: string; node: string },
): Promise<void> {
  await transaction(db, async (tx) => {
    const row = await one<{ version: number; now: string }>(
      tx,
      `INSERT INTO integrity_standings AS s (workspace_id, baseline, node, missed_checks, check_pending, version, actor, on_behalf_of)
        VALUES ($1, $2, $3, 0, true, 1, $4, $5)
        ON CONFLICT (workspace_id, baseline) DO UPDATE SET check_pending = true, version = s.version + 1
        RETURNING version, date_trunc('milliseconds', clock_timestamp()) AS now`,
      [INSTANCE, baseline, node, by.actor, by.on_behalf_of],
    );
    if (row === undefined) return;
    await writeEntries(tx, [
      {
        workspace_id: INSTANCE,
        at: row.now,
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: 'check_awaited',
        object: `baseline/${baseline}`,
        record_hash: null,
        record_version: row.version,
        detail: { node },
        policy_digest: null,
      },
    ]);
    await wakeWatch(tx, { type: 'integrityWatch', subject: baseline, version: row.version, actor: by.actor }, row.now);
  });
}
