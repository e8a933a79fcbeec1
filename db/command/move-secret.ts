import { moved } from '../../domain/secret/versions.ts';
import type { Move } from '../../domain/secret/versions.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { destroyVersion, lockSlot } from '../write/secrets.ts';
import type { Caller } from './caller.ts';
import { secretEntry } from './secret-entry.ts';

export type SecretMoved = { ok: true } | { ok: false; code: 'secret_not_found' | 'slot_changed' };

const ACTION: Record<Move['kind'], string> = {
  cut_over: 'secret_cut_over',
  put_back: 'secret_put_back',
  withdraw: 'secret_withdrawn',
  destroy: 'secret_destroyed',
};

/**
 * Moves the marks of a slot's versions, with its entry; live leases end when another version comes into force. Done already,
 * it changes nothing. `slot_changed`: somebody else gave the slot another version meanwhile.
 */
export async function moveSecret(db: Database, by: Caller, slot: string, move: Move): Promise<SecretMoved> {
  return transaction(db, async (tx) => {
    const known = await lockSlot(tx, by.workspace_id, slot);
    if (known === undefined) return { ok: false, code: 'secret_not_found' };
    const at = { current: known.current_version, previous: known.previous_version, staged: known.staged_version };
    const next = moved(at, move);
    if (next === null) return { ok: false, code: 'slot_changed' };
    const alive = move.kind === 'destroy' && (await hasValue(tx, known, move.version));
    if (next === at || (JSON.stringify(next) === JSON.stringify(at) && !alive)) return { ok: true };
    const now =
      (await one<{ now: string }>(tx, "SELECT date_trunc('milliseconds', clock_timestamp()) AS now"))?.now ?? '';
    await tx.query(
      `UPDATE secret_slots SET current_version = $3, previous_version = $4, staged_version = $5, updated_at = $6,
          lease_epoch = lease_epoch + $7, epoch_reason = CASE WHEN $7 = 1 THEN 'slot_overwritten' ELSE epoch_reason END,
          epoch_at = CASE WHEN $7 = 1 THEN $6::timestamptz ELSE epoch_at END WHERE workspace_id = $1 AND slot = $2`,
      [by.workspace_id, slot, next.current, next.previous, next.staged, now, next.current === at.current ? 0 : 1],
    );
    if (move.kind === 'destroy') await destroyVersion(tx, known, move.version, now);
    const version = 'version' in move ? move.version : next.current;
    await writeEntries(tx, [
      secretEntry(by, {
        at: now,
        action: ACTION[move.kind],
        object: `secret/${slot}`,
        version,
        detail: { ...next, version },
      }),
    ]);
    return { ok: true };
  });
}

async function hasValue(
  tx: Parameters<typeof one>[0],
  { workspace_id, slot }: { workspace_id: string; slot: string },
  version: number,
): Promise<boolean> {
  const row = await one(
    tx,
    'SELECT version FROM secret_versions WHERE workspace_id = $1 AND slot = $2 AND version = $3 AND destroyed_at IS NULL',
    [workspace_id, slot, version],
  );
  return row !== undefined;
}
