import { logProver } from '../../db/read/log.ts';
import { publishedEntry } from '../../db/read/entries.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { readIndex } from '../ledger-query.ts';
import { readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** One entry of the caller's workspace with the proof that the signed checkpoint covers it. */
async function handler({ query, caller }: Call, deps: ApiDeps): Promise<Reply> {
  const index = readIndex(readQuery(query, ['index']).index, 'index');
  const log = await publishedEntry(deps.db, { ...caller, index });
  if (log === undefined) throw new DomainError('ledger_unpublished');
  const { leaf, leaf_hash } = log;
  if (leaf === null || leaf_hash === null) throw new DomainError('entry_not_found');
  const proof = await logProver(deps.db, log.epoch).inclusion(index, log.size);
  return ok({
    epoch: log.epoch,
    index,
    size: log.size,
    leaf,
    leaf_hash: leaf_hash.toString('base64'),
    proof: proof.map((hash) => Buffer.from(hash).toString('base64')),
    checkpoint: log.checkpoint,
  });
}

export const route: Route = { method: 'GET', path: '/v1/ledger/proof', action: 'incident.read', handler };
