import { logProver } from '../../db/read/log.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields } from '../fields.ts';
import { readIndex } from '../ledger-query.ts';
import { requirePublished } from '../published-log.ts';
import { readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** That the log of an earlier size is the beginning of the one that the signed checkpoint covers. */
async function handler({ query }: Call, deps: ApiDeps): Promise<Reply> {
  const from = readIndex(readQuery(query, ['from']).from, 'from');
  const { epoch, size, checkpoint } = await requirePublished(deps);
  if (from > size) invalidFields({ path: 'from', code: 'invalid_value' });
  const proof = await logProver(deps.db, epoch).consistency(from, size);
  return ok({ epoch, from, size, proof: proof.map((hash) => Buffer.from(hash).toString('base64')), checkpoint });
}

export const route: Route = { method: 'GET', path: '/v1/ledger/consistency', action: 'incident.read', handler };
