import { incidentHistory } from '../../db/read/histories.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { BlobError } from '../../storage/blob-error.ts';
import type { BlobReader } from '../../storage/blob-store.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields, textProblem } from '../fields.ts';
import { readQuery } from '../query.ts';
import type { Reply } from '../reply.ts';
import { requiredIncident } from '../required-incident.ts';
import type { Call, Route } from '../route.ts';

/** The stored history of one run, as `temporal workflow show --output json` prints it. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const given = readQuery(call.query, ['workflow_id', 'run_id']);
  const [workflow_id, run_id] = (['workflow_id', 'run_id'] as const).map((path) => {
    const value = given[path] ?? '';
    const code = textProblem(given[path], { max: 512 });
    return code === null ? value : invalidFields({ path, code });
  }) as [string, string];
  const { workspace_id, id } = await requiredIncident(call, deps);
  const found = await incidentHistory(deps.db, { workspace_id, incident_id: id }, { workflow_id, run_id });
  if (found?.digest == null) throw new DomainError('history_not_found');
  const { length, chunks, close } = await opened(deps, found.digest);
  const headers = { 'Content-Type': 'application/json; charset=utf-8' };
  if (call.req.method === 'GET') return { status: 200, body: undefined, stream: { length, chunks, close }, headers };
  await close();
  return { status: 200, body: Buffer.alloc(0), headers: { ...headers, 'Content-Length': String(length) } };
}

/** A row says that the blob was there: where it is not, or cannot be read, its store is at fault. */
async function opened({ blobs, log }: ApiDeps, digest: string): Promise<BlobReader> {
  try {
    return await blobs.read(`sha256/${digest.slice(0, 2)}/${digest}`);
  } catch (error) {
    if (!(error instanceof BlobError)) throw error;
    log.error({ event: 'history.unreadable', digest, code: error.code });
    throw new DomainError('blob_unreadable');
  }
}

export const route: Route = { method: 'GET', path: '/v1/incidents/:id/history', action: 'evidence.read', handler };
