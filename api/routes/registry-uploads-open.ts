import { openUpload } from '../../db/command/uploads.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { digestHex } from '../../domain/registry/digest.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields, readFields } from '../fields.ts';
import { uploadView } from '../registry/upload-request.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const sizeProblem = (value: unknown): string | null => {
  if (value === undefined) return 'required';
  return Number.isSafeInteger(value) && Number(value) >= 0 ? null : 'invalid_value';
};
const RULES = { required: { digest: { max: 71 } }, optional: {}, values: { bytes: sizeProblem } };

/** A blob that is too large for one request comes in parts; until all of them are there nobody reads it. */
async function handler({ req, caller }: Call, { db, registryBlobLimit }: ApiDeps): Promise<Reply> {
  const given = readFields(await readJson(req), RULES);
  const digest = digestHex(given.digest) ?? invalidFields({ path: 'digest', code: 'invalid_value' });
  const bytes = Number(given.bytes);
  if (bytes > registryBlobLimit) throw new DomainError('blob_too_large');
  const opened = await openUpload(db, caller, { digest, bytes });
  if (!opened.ok) throw new DomainError(opened.code);
  const headers = { Location: `/v1/registry/uploads/${opened.upload_id}` };
  return { status: 201, body: uploadView(opened), headers };
}

export const route: Route = { method: 'POST', path: '/v1/registry/uploads', action: 'registry.put', handler };
