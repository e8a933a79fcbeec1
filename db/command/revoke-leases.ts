import type { Database } from '../client.ts';
import { countLive } from '../read/leases.ts';
import { writeEntries } from '../write/ledger.ts';
import { lockSlot } from '../write/secrets.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import { secretEntry } from './secret-entry.ts';

export type SlotRevoked =
  | { ok: true; slot: string; leases_revoked: number; revoked_at: string }
  | { ok: false; code: 'secret_not_found' }
  | Reused;

export type SubjectRevoked = { ok: true; subject: string; leases_revoked: number; revoked_at: string } | Reused;

/** Ends every lease of a slot; one that is being issued at this moment ends with them. The value stays. Needs no master key. */
export async function revokeSlot(
  db: Database,
  by: Caller,
  { slot, key }: { slot: string; key: DecisionKey },
): Promise<SlotRevoked> {
  const { workspace_id } = by;
  const once = { workspace_id, aggregate: `secret/${slot}`, kind: 'revoke', key };
  return decideOnce<SlotRevoked>(db, by, once, async (tx, now) => {
    if ((await lockSlot(tx, workspace_id, slot)) === undefined) return { ok: false, code: 'secret_not_found' };
    const leases_revoked = await countLive(tx, workspace_id, { slot });
    await tx.query(
      `UPDATE secret_slots SET lease_epoch = lease_epoch + 1, epoch_reason = 'slot_revoked', epoch_at = $3
        WHERE workspace_id = $1 AND slot = $2`,
      [workspace_id, slot, now],
    );
    const entry = { at: now, action: 'slot_revoked', object: `secret/${slot}`, detail: { leases_revoked } };
    await writeEntries(tx, [secretEntry(by, entry)]);
    return { ok: true, slot, leases_revoked, revoked_at: now };
  });
}

/** Ends every lease of a subject, of whatever slot. A subject that nobody has heard of is revoked as well. */
export async function revokeSubject(
  db: Database,
  by: Caller,
  { subject, key }: { subject: string; key: DecisionKey },
): Promise<SubjectRevoked> {
  const { workspace_id } = by;
  const once = { workspace_id, aggregate: `subject/${subject}`, kind: 'revoke', key };
  return decideOnce<SubjectRevoked>(db, by, once, async (tx, now) => {
    const leases_revoked = await countLive(tx, workspace_id, { subject });
    await tx.query(
      `INSERT INTO lease_subjects AS u (workspace_id, subject, lease_epoch, epoch_at, actor, on_behalf_of)
        VALUES ($1, $2, 1, $3, $4, $5)
        ON CONFLICT (workspace_id, subject) DO UPDATE SET lease_epoch = u.lease_epoch + 1, epoch_at = excluded.epoch_at,
          actor = excluded.actor, on_behalf_of = excluded.on_behalf_of`,
      [workspace_id, subject, now, by.actor, by.on_behalf_of],
    );
    const entry = { at: now, action: 'subject_revoked', object: `subject/${subject}`, detail: { leases_revoked } };
    await writeEntries(tx, [secretEntry(by, entry)]);
    return { ok: true, subject, leases_revoked, revoked_at: now };
  });
}
