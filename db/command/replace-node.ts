import type { Enrolment } from '../../domain/attestation/enrolment.ts';
import { successorReference } from '../../domain/attestation/reference-values.ts';
import type { PcrValue } from '../../domain/attestation/evidence.ts';
import type { Signer } from '../attestation/context.ts';
import { storeReference } from '../attestation/signed-versions.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import { enrolledNode } from './enrol.ts';
import { liveGrant, secondPerson, useGrant } from './two-person.ts';
import type { TwoPersonAction } from './two-person.ts';

const ACTION = 'attestation.replace';

export type ReplacementGrant =
  | { ok: true; replaced_by: string[]; single_operator: boolean }
  | { ok: false; code: 'node_not_found' | 'second_person_required' | 'confirmation_required' | 'approval_refused' }
  | Reused;

/**
 * Takes one person's word that another TPM may take a node's place. Once two have given it, the next enrolment of that
 * node that asks to replace uses it up; a grant that is still unused needs no further word.
 */
export async function grantReplacement(
  db: Database,
  by: Caller,
  { key, ...asked }: Omit<TwoPersonAction, 'action'> & { key: DecisionKey },
): Promise<ReplacementGrant> {
  const once = { workspace_id: INSTANCE, aggregate: `node/${asked.object}`, kind: 'replace', key };
  return decideOnce<ReplacementGrant>(db, by, once, async (tx) => {
    if ((await enrolledNode(tx, asked.object)) === undefined) return { ok: false, code: 'node_not_found' };
    const action = { ...asked, action: ACTION };
    const unconfirmed = asked.single_operator && asked.confirm !== asked.object;
    const given = unconfirmed ? undefined : await liveGrant(tx, ACTION, asked.object);
    const granted = given ?? (await secondPerson(tx, by, action));
    if (!granted.granted) return { ok: false, code: granted.code };
    return { ok: true, replaced_by: granted.by, single_operator: granted.single_operator };
  });
}

/** Whether two people have let another TPM take the node's place, and none has yet. */
export async function mayReplace(tx: Tx, node: string): Promise<boolean> {
  return (await liveGrant(tx, ACTION, node)) !== undefined;
}

/**
 * Binds a proven successor to a node's name, using up the grant: its keys, no counters yet, and the next version of the
 * reference values. What the old key signed stays verifiable: the entry names both public areas.
 */
export async function replaceNode(
  tx: Tx,
  by: Caller,
  enrolment: Enrolment,
  shown: { pcrs: readonly PcrValue[]; firmware_version: string },
  signer: Signer,
): Promise<{ ok: true } | { ok: false; code: 'node_exists' }> {
  const { node } = enrolment;
  const before = await one<{ ak_name: string; ak_public: string; references: number; now: string }>(
    tx,
    `SELECT ak_name, ak_public, date_trunc('milliseconds', clock_timestamp()) AS now,
        (SELECT coalesce(max(version), 0) FROM reference_values r
          WHERE r.workspace_id = n.workspace_id AND r.node = n.node)::int4 AS references
      FROM attestation_nodes n WHERE workspace_id = $1 AND node = $2 FOR UPDATE`,
    [INSTANCE, node],
  );
  const grant = before === undefined ? undefined : await useGrant(tx, ACTION, node);
  if (before === undefined || grant === undefined) return { ok: false, code: 'node_exists' };
  const row = await one<{ version: number }>(
    tx,
    `UPDATE attestation_nodes SET state = 'enrolled', ek_public = $3, ek_certificate = $4, ek_trust = $5, ak_public = $6,
        ak_name = $7, enrolled_at = $8, retired_at = NULL, counters = NULL, reboot_pending = false, missed_quotes = 0,
        last_passed = NULL, last_result_at = NULL, last_pass_at = NULL, version = version + 1, actor = $9, on_behalf_of = $10
      WHERE workspace_id = $1 AND node = $2 RETURNING version`,
    [
      INSTANCE,
      node,
      enrolment.ek_public,
      enrolment.ek_certificate,
      enrolment.ek_trust,
      enrolment.ak_public,
      enrolment.ak_name,
      before.now,
      by.actor,
      by.on_behalf_of,
    ],
  );
  await writeEntries(tx, [
    {
      workspace_id: INSTANCE,
      at: before.now,
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      action: 'node_replaced',
      object: `node/${node}`,
      record_hash: null,
      record_version: row?.version ?? null,
      detail: {
        ak_name: enrolment.ak_name,
        ak_public: enrolment.ak_public,
        ek_trust: enrolment.ek_trust,
        replaced: { ak_name: before.ak_name, ak_public: before.ak_public },
        by: grant.by,
        single_operator: grant.single_operator,
      },
      policy_digest: null,
    },
  ]);
  const approval = {
    by: grant.by.join(', ').slice(0, 256).trim(),
    reason: grant.reason,
    ticket: null,
    now: before.now,
  };
  await storeReference(tx, successorReference(before.references, { node, ...shown }, approval), signer, by);
  return { ok: true };
}
