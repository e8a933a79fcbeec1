import { readIntegrityDiff } from '../../db/read/integrity-diff.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields } from '../fields.ts';
import { readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler({ query }: Call, { db }: ApiDeps): Promise<Reply> {
  const { baseline } = readQuery(query, ['baseline']);
  if (!baseline) return invalidFields({ path: 'baseline', code: 'required' });
  const diff = await readIntegrityDiff(db, baseline);
  if (diff === null) throw new DomainError('baseline_not_found');
  return ok(diff);
}

export const route: Route = { method: 'GET', path: '/v1/integrity/diff', action: 'status.read', handler };
