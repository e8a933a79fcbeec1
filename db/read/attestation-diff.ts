import { attestationDiff, quotedDigest } from '../../domain/attestation/pcr-claims.ts';
import type { AttestationContext } from '../attestation/context.ts';
import { lastResult } from '../attestation/last-result.ts';
import { currentReference } from '../attestation/signed-versions.ts';
import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import { INSTANCE } from '../command/caller.ts';
import { sha256 } from '../write/change.ts';

/** Reference against quoted, PCR by PCR, of the node's last appraisal; `null` when there is no such node. */
export async function readAttestationDiff(db: Queryable, node: string, { keys }: Pick<AttestationContext, 'keys'>) {
  const known = await one<{ state: string }>(
    db,
    'SELECT state FROM attestation_nodes WHERE workspace_id = $1 AND node = $2',
    [INSTANCE, node],
  );
  if (known === undefined) return null;
  const reference = await currentReference(db, node, keys);
  const last = await lastResult(db, node);
  const quoted = last?.pcrs ?? [];
  return {
    node,
    state: known.state,
    reference_version: reference?.version ?? null,
    appraised_at: last?.at ?? null,
    passed: last?.passed ?? null,
    failed: last?.failed ?? [],
    pcrs: reference === null ? [] : attestationDiff(reference, quoted),
    observed_digest: quoted.length === 0 ? null : quotedDigest(node, quoted, sha256),
  };
}
