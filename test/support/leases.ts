import { rows } from '../../db/client.ts';
import type { Database } from '../../db/client.ts';
import { transaction } from '../../db/transaction.ts';
import { bump } from '../../db/write/holds.ts';
import { waitsForLock } from './record.ts';
import { eventually } from './eventually.ts';

/** Releases every hold on the vault, as resolving its incidents would. */
export async function reopenVault(db: Database): Promise<void> {
  await transaction(db, async (tx) => {
    const now = new Date().toISOString();
    const held = await rows<{ workspace_id: string; target: string }>(
      tx,
      `UPDATE holds SET released_at = $1, released_by = 'test', release_reason = 'test' WHERE gate = 'vault' AND released_at IS NULL
        RETURNING workspace_id, target`,
      [now],
    );
    await bump(
      tx,
      held.map((hold) => ({ ...hold, gate: 'vault' as const })),
      -1,
      now,
      'test',
    );
  });
}

/** Runs `meanwhile` after a lease that is being issued was judged and before it is written. */
export async function betweenJudgeAndWrite<T>(
  db: Database,
  issue: () => Promise<T>,
  meanwhile: () => Promise<unknown>,
): Promise<T> {
  const lock = await db.connect();
  try {
    await lock.query('BEGIN');
    await lock.query('LOCK TABLE leases IN SHARE MODE');
    const issuing = issue();
    await eventually(async () => (await waitsForLock(db)) || undefined);
    await meanwhile();
    await lock.query('COMMIT');
    return await issuing;
  } finally {
    lock.release();
  }
}
