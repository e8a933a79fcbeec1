import { readAttestationDiff } from '../../db/read/attestation-diff.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { DsseError } from '../../domain/signing/dsse.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields } from '../fields.ts';
import { readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler({ query }: Call, { db, verificationKeys }: ApiDeps): Promise<Reply> {
  const { node } = readQuery(query, ['node']);
  if (!node) return invalidFields({ path: 'node', code: 'required' });
  const keys = verificationKeys();
  if (keys.length === 0) throw new DomainError('verification_key_missing');
  try {
    const diff = await readAttestationDiff(db, node, { keys });
    if (diff === null) throw new DomainError('node_not_found');
    return ok(diff);
  } catch (error) {
    if (error instanceof DsseError) throw new DomainError('signed_version_invalid');
    throw error;
  }
}

export const route: Route = { method: 'GET', path: '/v1/attestation/diff', action: 'status.read', handler };
