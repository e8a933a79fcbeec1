import { hash, randomBytes } from 'node:crypto';
import type { SlotClass } from '../../domain/secret/slot.ts';
import { prepared } from '../client.ts';
import { vaultClosed, vaultGeneration } from '../read/leases.ts';
import { together } from '../together.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { alertRefused } from '../write/vault-refusals.ts';
import type { Caller } from './caller.ts';
import { secretEntry } from './secret-entry.ts';
import type { SecretsDeps } from './set-secret.ts';

export interface IssuedLease {
  ok: true;
  lease_id: string;
  slot: string;
  subject: string;
  issued_at: string;
  not_after: string;
  /** What the holder proves itself by; said once, only its digest is kept. */
  secret: string;
}

export type LeaseIssued = IssuedLease | { ok: false; code: 'secret_not_found' | 'slot_not_leasable' | 'vault_closed' };

interface Judged {
  class: SlotClass;
  lease_epoch: number;
  subject_epoch: number;
  generation: number;
  closed: boolean;
  now: string;
  not_after: string;
}

/** One statement: the slot, the subject, the gate and the clock as they are at one moment. */
const JUDGE = `SELECT s.class, s.lease_epoch, coalesce(u.lease_epoch, 0) AS subject_epoch,
    ${vaultGeneration('s.workspace_id', 's.slot')} AS generation, ${vaultClosed('s.workspace_id', 's.slot')} AS closed,
    c.now, c.now + make_interval(secs => $4::int4) AS not_after
  FROM secret_slots s LEFT JOIN lease_subjects u ON u.workspace_id = s.workspace_id AND u.subject = $3
    CROSS JOIN (SELECT date_trunc('milliseconds', clock_timestamp()) AS now) AS c
  WHERE s.workspace_id = $1 AND s.slot = $2`;

const INSERT = `INSERT INTO leases (workspace_id, lease_id, slot, subject, secret_digest, slot_epoch, subject_epoch, vault_generation,
    issued_at, not_after, actor, on_behalf_of) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`;

export const leaseDigest = (secret: string): Buffer => hash('sha256', `interlock/lease/v1\u0000${secret}`, 'buffer');

/**
 * Lets a subject read a slot for `ttl` seconds. What revokes while this is under way revokes the new lease too: it carries
 * the epochs and the generation it was judged by. A repeated request is another lease. Errors: SecretsError
 * master_key_missing.
 */
export async function issueLease(
  { db, masterKey }: SecretsDeps,
  by: Caller,
  { slot, subject, ttl }: { slot: string; subject: string; ttl: number },
): Promise<LeaseIssued> {
  masterKey();
  const { workspace_id } = by;
  const secret = `ilse_${randomBytes(32).toString('base64url')}`;
  return transaction<LeaseIssued>(db, async (tx) => {
    const [found] = await prepared<Judged>(tx, 'lease-judge-issue', JUDGE, [workspace_id, slot, subject, ttl]);
    if (found === undefined) return { ok: false, code: 'secret_not_found' };
    const { now, not_after, generation } = found;
    const refuse = async (code: 'slot_not_leasable' | 'vault_closed'): Promise<LeaseIssued> => {
      if (code === 'vault_closed') await alertRefused(tx, { workspace_id, slot, generation, now });
      await writeEntries(tx, [
        secretEntry(by, { at: now, action: 'lease_refused', object: `secret/${slot}`, detail: { code, subject } }),
      ]);
      return { ok: false, code };
    };
    if (found.class !== 'subject') return refuse('slot_not_leasable');
    if (found.closed) return refuse('vault_closed');
    const lease_id = `LSE-${now.slice(0, 10).replaceAll('-', '')}-${randomBytes(8).toString('hex')}`;
    await together([
      tx.query({
        name: 'lease-insert',
        text: INSERT,
        values: [
          workspace_id,
          lease_id,
          slot,
          subject,
          leaseDigest(secret),
          found.lease_epoch,
          found.subject_epoch,
          generation,
          now,
          not_after,
          by.actor,
          by.on_behalf_of,
        ],
      }),
      writeEntries(tx, [
        secretEntry(by, {
          at: now,
          action: 'lease_issued',
          object: `lease/${lease_id}`,
          detail: { slot, subject, not_after },
        }),
      ]),
    ]);
    return { ok: true, lease_id, slot, subject, issued_at: now, not_after, secret };
  });
}
