import { findBlob } from '../../db/read/registry.ts';
import { problem } from '../../domain/problem/problem.ts';
import { askedRange, isUnchanged } from '../../domain/registry/range.ts';
import type { ApiDeps } from '../deps.ts';
import { blobDigest, blobHeaders, etagOf, requireServed } from '../registry/blob-request.ts';
import { openBlob, partOf } from '../registry/send-blob.ts';
import { PROBLEM_TYPE } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const TYPE = { 'Content-Type': 'application/octet-stream' };
const NOTHING = Buffer.alloc(0);

/** A blob or a range of it (RFC 9110 section 14), while the gate `model` is open for its digest. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const digest = blobDigest(call);
  const { method, headers: asked } = call.req;
  const blob = requireServed(await findBlob(deps.db, call.caller.workspace_id, digest));
  const headers = { ...TYPE, ...blobHeaders(digest) };
  const length = { 'Content-Length': String(blob.bytes) };
  if (isUnchanged(asked['if-none-match'], etagOf(digest)))
    return { status: 304, body: NOTHING, headers: { ...headers, ...length } };
  if (method === 'HEAD') {
    await (await openBlob(deps, call, blob)).close();
    return { status: 200, body: NOTHING, headers: { ...headers, ...length } };
  }
  const ifRange = call.req.headersDistinct['if-range']?.join(', ');
  const range = askedRange(asked.range, blob.bytes, { ifRange, etag: etagOf(digest) });
  if (range.kind === 'unsatisfiable') return unsatisfiable(blob.bytes);
  if (range.kind === 'whole') {
    const stream = await partOf(deps, call, blob, { first: 0, last: blob.bytes - 1 });
    return { status: 200, body: undefined, stream, headers };
  }
  const stream = await partOf(deps, call, blob, range);
  const place = { 'Content-Range': `bytes ${range.first}-${range.last}/${blob.bytes}` };
  return { status: 206, body: undefined, stream, headers: { ...headers, ...place } };
}

const unsatisfiable = (size: number): Reply => ({
  status: 416,
  body: problem('range_not_satisfiable'),
  headers: { 'Content-Type': PROBLEM_TYPE, 'Content-Range': `bytes */${size}` },
});

export const route: Route = { method: 'GET', path: '/v1/registry/blobs/:digest', action: 'registry.read', handler };
