import type { ReceiptSigner } from '../../domain/governance/receipt.ts';
import { findKey, instanceName } from '../read/operator-keys.ts';
import { findWaiver } from '../read/waivers.ts';
import type { Waiver } from '../read/waivers.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { appendLine, lockLedger } from '../write/governance.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import { archived } from './grant-waiver.ts';

export type WaiverRevoked = { ok: true } | { ok: false; code: 'waiver_not_found' | 'ledger_unpublished' } | Reused;

/**
 * Revokes a waiver for good, with its line in the bundle's ledger; one that is revoked stays as it is. An export that is
 * being judged by it meanwhile is waited for, or finds it revoked.
 */
export async function revokeWaiver(
  db: Database,
  by: Caller,
  { waiver_id, reason, signer, key }: { waiver_id: string; reason: string; signer: ReceiptSigner; key: DecisionKey },
): Promise<WaiverRevoked> {
  const { workspace_id } = by;
  const once = { workspace_id, aggregate: `waiver/${waiver_id}`, kind: 'revoke', key };
  return decideOnce<WaiverRevoked>(db, by, once, async (tx, now) => {
    const waiver = await findWaiver(tx, workspace_id, waiver_id);
    if (waiver === undefined) return { ok: false, code: 'waiver_not_found' };
    const instance = await instanceName(tx);
    if (instance === undefined) return { ok: false, code: 'ledger_unpublished' };
    const head = await lockLedger(tx, workspace_id, waiver.bundle_digest);
    const revoked = await one(
      tx,
      `UPDATE governance_waivers SET revoked_at = $3, revoked_by = $4, revoke_reason = $5
        WHERE workspace_id = $1 AND waiver_id = $2 AND revoked_at IS NULL RETURNING waiver_id`,
      [workspace_id, waiver_id, now, by.actor, reason],
    );
    if (revoked === undefined) return { ok: true };
    await appendLine(tx, head, { signer, envelope: null, ...(await said(tx, by, waiver, { reason, instance, now })) });
    return { ok: true };
  });
}

async function said(
  tx: Tx,
  by: Caller,
  w: Waiver,
  { reason, instance, now }: { reason: string; instance: string; now: string },
) {
  const key = await findKey(tx, by.workspace_id, w.key_id);
  if (key === undefined) throw new Error('the key of a waiver is never deleted');
  const { waiver_id, digest, transition_digest, scope, not_after } = w;
  const bundle = { name: w.bundle_name, version: w.bundle_version, digest: w.bundle_digest };
  const entry = {
    ...by,
    at: now,
    action: 'waiver_revoked',
    object: `waiver/${waiver_id}`,
    record_hash: digest,
    record_version: null,
    detail: { bundle, transition_digest },
    policy_digest: null,
  };
  const receipt = {
    ...{ instance, workspace: by.workspace_id, event: 'revoked' as const, waiver_id, waiver_digest: digest },
    ...{ bundle, transition_digest, scope, not_after, reason, by: by.actor, recorded_at: now },
    key: archived(key),
  };
  return { entry, receipt };
}
