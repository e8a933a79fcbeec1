import { activePolicyDigest } from '../../db/read/active-policy.ts';
import { sha256 } from '../sha256.ts';
import { policyDigest } from '../../domain/containment/policy.ts';
import type { ApiDeps } from '../deps.ts';

/** The reviewed file beside the policy in force; they differ until somebody reloads. */
export async function containmentFile({ db, readPolicyFile }: Pick<ApiDeps, 'db' | 'readPolicyFile'>) {
  const active = (await activePolicyDigest(db)) ?? null;
  const file = await readPolicyFile().then(
    (policy) => ({ file_digest: policyDigest(policy, sha256), error: null }),
    (error: unknown) => ({ file_digest: null, error: (error as { code?: string }).code ?? 'unreadable' }),
  );
  return { configured: true, active_digest: active, ...file, drift: file.file_digest !== active };
}
