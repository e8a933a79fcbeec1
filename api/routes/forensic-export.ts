import { bundleFileName } from '../../domain/forensic/bundle.ts';
import { problem } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { exportBundle } from '../forensic/export-bundle.ts';
import { readQuery } from '../query.ts';
import { PROBLEM_TYPE } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** A bundle goes on record as exported: nobody makes one by asking for its headers. */
const GET_ONLY: Reply = {
  status: 405,
  body: problem('method_not_allowed'),
  headers: { 'Content-Type': PROBLEM_TYPE, Allow: 'GET, OPTIONS' },
};

async function handler({ req, query, caller }: Call, deps: ApiDeps): Promise<Reply> {
  if (req.method !== 'GET') return GET_ONLY;
  readQuery(query, []);
  const { exported_at, stream } = await exportBundle(deps, caller);
  return {
    status: 200,
    body: undefined,
    stream,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Disposition': `attachment; filename="${bundleFileName(exported_at)}"`,
    },
  };
}

export const route: Route = { method: 'GET', path: '/api/v1/forensic/export', action: 'forensic.export', handler };
