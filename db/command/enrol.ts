import type { Enrolment } from '../../domain/attestation/enrolment.ts';
import type { ReferenceValues } from '../../domain/attestation/reference-values.ts';
import { storeReference } from '../attestation/signed-versions.ts';
import type { Signer } from '../attestation/context.ts';
import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';

/** What the record knows of a node, or undefined. */
export async function enrolledNode(
  db: Queryable,
  node: string,
): Promise<{ ak_name: string; state: string } | undefined> {
  return one(db, 'SELECT ak_name, state FROM attestation_nodes WHERE workspace_id = $1 AND node = $2', [
    INSTANCE,
    node,
  ]);
}

/**
 * Records a proven node with its first reference values in the caller's transaction, once: a node that is already on
 * record keeps its key, and another key under its name is refused with `node_exists`.
 */
export async function enrolNode(
  tx: Tx,
  by: Caller,
  enrolment: Enrolment,
  reference: (now: string) => ReferenceValues,
  signer: Signer,
): Promise<{ ok: true; enrolled: boolean } | { ok: false; code: 'node_exists' }> {
  const row = await one<{ ak_name: string; enrolled_at: string; inserted: boolean }>(
    tx,
    `INSERT INTO attestation_nodes AS n (workspace_id, node, state, ek_public, ek_certificate, ek_trust, ak_public, ak_name,
        enrolled_at, reboot_pending, missed_quotes, version, actor, on_behalf_of)
      VALUES ($1, $2, 'enrolled', $3, $4, $5, $6, $7, date_trunc('milliseconds', clock_timestamp()), false, 0, 1, $8, $9)
      ON CONFLICT (workspace_id, node) DO UPDATE SET node = n.node
      RETURNING n.ak_name, n.enrolled_at, (xmax = 0) AS inserted`,
    [
      INSTANCE,
      enrolment.node,
      enrolment.ek_public,
      enrolment.ek_certificate,
      enrolment.ek_trust,
      enrolment.ak_public,
      enrolment.ak_name,
      by.actor,
      by.on_behalf_of,
    ],
  );
  if (row === undefined || row.ak_name !== enrolment.ak_name) return { ok: false, code: 'node_exists' };
  if (!row.inserted) return { ok: true, enrolled: false };
  await writeEntries(tx, [
    {
      workspace_id: INSTANCE,
      at: row.enrolled_at,
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      action: 'node_enrolled',
      object: `node/${enrolment.node}`,
      record_hash: null,
      record_version: 1,
      detail: { ak_name: enrolment.ak_name, ek_trust: enrolment.ek_trust },
      policy_digest: null,
    },
  ]);
  await storeReference(tx, reference(row.enrolled_at), signer, by);
  return { ok: true, enrolled: true };
}
