import { randomUUID } from 'node:crypto';
import { addPart } from '../../db/command/uploads.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { sentRange } from '../../domain/registry/range.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields } from '../fields.ts';
import { bodyBytes } from '../registry/blob-request.ts';
import { PART_LEAST, PART_LIMIT, requiredUpload, uploadView } from '../registry/upload-request.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** A part lies under a key of its own, flushed, before the record counts it: what a killed server had begun counts for nothing. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const upload = await requiredUpload(call, deps);
  const { upload_id, bytes, received, completed_at } = upload;
  if (completed_at !== null) throw new DomainError('upload_completed');
  const sent = sentRange(call.req.headers['content-range']);
  if (sent === undefined || sent.size !== bytes) return invalidFields({ path: 'Content-Range', code: 'invalid_value' });
  if (sent.first !== received) throw elsewhere(received);
  const length = sent.last - sent.first + 1;
  if (length > PART_LIMIT) throw new DomainError('blob_too_large');
  if (length < PART_LEAST && sent.last !== bytes - 1) invalidFields({ path: 'Content-Range', code: 'too_short' });
  const id = randomUUID();
  const key = `registry/parts/${id.slice(0, 2)}/${id}`;
  const staged = await deps.blobs.stage(key, bodyBytes(call.req, length), length);
  try {
    if (staged.size !== length) throw new DomainError('upload_incomplete');
    const part = { upload_id, start: sent.first, bytes: length, key, keep: staged.keep };
    const added = await addPart(deps.db, call.caller, part);
    if (added.ok) return ok(uploadView({ ...upload, received: added.received }));
    throw added.code === 'upload_offset_mismatch' ? elsewhere(added.received) : new DomainError(added.code);
  } finally {
    await staged.discard();
  }
}

const elsewhere = (received: number) =>
  new DomainError('upload_offset_mismatch', { detail: `The next part begins at ${received}` });

export const route: Route = { method: 'PATCH', path: '/v1/registry/uploads/:id', action: 'registry.put', handler };
