import type { Claim } from '../../domain/attestation/claim.ts';
import type { Evidence } from '../../domain/attestation/evidence.ts';
import { attestationDiff } from '../../domain/attestation/pcr-claims.ts';
import type { AttestationContext } from '../attestation/context.ts';
import { currentReference } from '../attestation/signed-versions.ts';
import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import { INSTANCE } from '../command/caller.ts';

/** Reference against quoted, PCR by PCR, of the node's last appraisal; `null` when there is no such node. */
export async function readAttestationDiff(db: Queryable, node: string, { keys }: Pick<AttestationContext, 'keys'>) {
  const known = await one<{ state: string }>(
    db,
    'SELECT state FROM attestation_nodes WHERE workspace_id = $1 AND node = $2',
    [INSTANCE, node],
  );
  if (known === undefined) return null;
  const reference = await currentReference(db, node, keys);
  const last = await one<{ at: string; passed: boolean; claims: string; evidence: string; reference_version: number }>(
    db,
    `SELECT at, passed, claims, evidence, reference_version FROM attestation_results
      WHERE workspace_id = $1 AND node = $2 ORDER BY result_id DESC LIMIT 1`,
    [INSTANCE, node],
  );
  const evidence = last === undefined ? null : (JSON.parse(last.evidence) as Partial<Evidence> | null);
  return {
    node,
    state: known.state,
    reference_version: reference?.version ?? null,
    appraised_at: last?.at ?? null,
    passed: last?.passed ?? null,
    failed: last === undefined ? [] : (JSON.parse(last.claims) as Claim[]).filter((c) => !c.ok),
    pcrs: reference === null ? [] : attestationDiff(reference, evidence?.pcrs ?? []),
  };
}
