import { timingSafeEqual } from 'node:crypto';
import { leaseRefusal } from '../../domain/secret/lease.ts';
import type { LeaseFacts, LeaseRefusal } from '../../domain/secret/lease.ts';
import { prepared } from '../client.ts';
import type { Database } from '../client.ts';
import { FACTS, FACTS_FROM, vaultGeneration } from '../read/leases.ts';
import { openDataKey, openSecret } from '../secrets/envelope.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { alertRefused } from '../write/vault-refusals.ts';
import type { Caller } from './caller.ts';
import { leaseDigest } from './issue-lease.ts';
import { secretEntry } from './secret-entry.ts';
import type { SecretsDeps } from './set-secret.ts';

interface Judged extends LeaseFacts {
  lease_id: string;
  slot: string;
  subject: string;
  secret_digest: Buffer;
  not_after: string;
  generation: number;
  now: string;
}

const CLOCK = `date_trunc('milliseconds', clock_timestamp())`;
const JUDGED = `l.lease_id, l.slot, l.subject, l.secret_digest, l.not_after, ${FACTS}, ${CLOCK} AS now,
  ${vaultGeneration('l.workspace_id', 'l.slot')} AS generation`;

export interface LeaseRead {
  ok: true;
  lease_id: string;
  slot: string;
  version: number;
  not_after: string;
  /** The value; whoever asked zeroes it after use. */
  value: Buffer;
}

interface ReadRow {
  wrapped_key: string;
  version: number;
  envelope: string;
  exposed_since: string | null;
}

export type LeaseValue = LeaseRead | { ok: false; code: 'unauthenticated' | LeaseRefusal };

const READ = `SELECT ${JUDGED}, s.wrapped_key, v.version, v.envelope, v.exposed_since FROM ${FACTS_FROM}
  JOIN secret_versions v ON v.workspace_id = s.workspace_id AND v.slot = s.slot AND v.version = s.current_version
  WHERE l.workspace_id = $1 AND l.lease_id = $2 AND s.class = 'subject'`;

/**
 * The value behind a lease, for whoever knows the lease's own secret. Gate, revocation, clock and value are read in one
 * statement; from then on the version counts as exposed. Errors: SecretsError master_key_missing, master_key_mismatch,
 * secret_unreadable.
 */
export async function readLease(
  { db, masterKey }: SecretsDeps,
  { workspace_id, on_behalf_of }: Pick<Caller, 'workspace_id' | 'on_behalf_of'>,
  { lease_id, secret }: { lease_id: string; secret: string },
): Promise<LeaseValue> {
  const master = masterKey();
  return transaction<LeaseValue>(db, async (tx) => {
    const [found] = await prepared<Judged & ReadRow>(tx, 'lease-judge-read', READ, [workspace_id, lease_id]);
    if (found === undefined || !timingSafeEqual(found.secret_digest, leaseDigest(secret)))
      return { ok: false, code: 'unauthenticated' };
    const by = { workspace_id, actor: found.subject, on_behalf_of };
    const code = leaseRefusal(found);
    if (code !== null) return refused(tx, by, found, code, 'read');
    const { slot, version, not_after } = found;
    const at = { workspace_id, slot };
    const value = openSecret(openDataKey(master, at, found.wrapped_key), at, version, found.envelope);
    try {
      if (found.exposed_since === null)
        await tx.query({
          name: 'secret-exposed',
          text: `UPDATE secret_versions SET exposed_since = $4 WHERE workspace_id = $1 AND slot = $2 AND version = $3
          AND exposed_since IS NULL`,
          values: [workspace_id, slot, version, found.now],
        });
      const detail = { version, lease: lease_id, subject: found.subject };
      await writeEntries(tx, [
        secretEntry(by, { at: found.now, action: 'secret_read', object: `secret/${slot}`, version, detail }),
      ]);
    } catch (error) {
      value.fill(0);
      throw error;
    }
    return { ok: true, lease_id, slot, version, not_after, value };
  });
}

export type LeaseRenewed =
  | { ok: true; lease_id: string; not_after: string; renewed_at: string }
  | { ok: false; code: 'lease_not_found' | LeaseRefusal };

const RENEW = `SELECT ${JUDGED}, ${CLOCK} + make_interval(secs => $3::int4) AS until FROM ${FACTS_FROM}
  WHERE l.workspace_id = $1 AND l.lease_id = $2 FOR UPDATE OF l`;

/** Lets a lease that is in force last `ttl` seconds from now, never shorter than it would have. */
export async function renewLease(
  db: Database,
  by: Caller,
  { lease_id, ttl }: { lease_id: string; ttl: number },
): Promise<LeaseRenewed> {
  const { workspace_id } = by;
  return transaction<LeaseRenewed>(db, async (tx) => {
    const values = [workspace_id, lease_id, ttl];
    const [found] = await prepared<Judged & { until: string }>(tx, 'lease-judge-renew', RENEW, values);
    if (found === undefined) return { ok: false, code: 'lease_not_found' };
    const code = leaseRefusal(found);
    if (code !== null) return refused(tx, by, found, code, 'renew');
    const { slot, subject, now } = found;
    // Both are RFC 3339 in UTC with milliseconds, which sort as text.
    const not_after = found.until > found.not_after ? found.until : found.not_after;
    await tx.query({
      name: 'lease-renew',
      text: 'UPDATE leases SET not_after = $3, renewed_at = $4 WHERE workspace_id = $1 AND lease_id = $2',
      values: [workspace_id, lease_id, not_after, now],
    });
    await writeEntries(tx, [
      secretEntry(by, {
        at: now,
        action: 'lease_renewed',
        object: `lease/${lease_id}`,
        detail: { slot, subject, not_after },
      }),
    ]);
    return { ok: true, lease_id, not_after, renewed_at: now };
  });
}

async function refused(
  tx: Tx,
  by: Caller,
  { lease_id, slot, subject, generation, now }: Judged,
  code: LeaseRefusal,
  what: 'read' | 'renew',
): Promise<{ ok: false; code: LeaseRefusal }> {
  const { workspace_id } = by;
  if (code === 'vault_closed') await alertRefused(tx, { workspace_id, slot, generation, now });
  await writeEntries(tx, [
    secretEntry(by, {
      at: now,
      action: 'lease_refused',
      object: `lease/${lease_id}`,
      detail: { code, what, slot, subject },
    }),
  ]);
  return { ok: false, code };
}
