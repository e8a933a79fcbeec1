import { exportRecords } from '../ledger/export-records.ts';
import type { ApiDeps } from '../deps.ts';
import { readQuery } from '../query.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler({ query, caller }: Call, deps: ApiDeps): Promise<Reply> {
  readQuery(query, []);
  const stream = await exportRecords(deps, caller);
  return { status: 200, body: undefined, stream, headers: { 'Content-Type': 'application/x-ndjson; charset=utf-8' } };
}

export const route: Route = { method: 'GET', path: '/v1/ledger/records', action: 'ledger.read', handler };
