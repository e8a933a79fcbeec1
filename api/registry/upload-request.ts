import { findUpload } from '../../db/command/uploads.ts';
import type { Upload } from '../../db/command/uploads.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { digestName } from '../../domain/registry/digest.ts';
import type { ApiDeps } from '../deps.ts';
import type { Call } from '../route.ts';

/** A part has to come within the time of one request. */
export const PART_LIMIT = 64 * 1024 * 1024;
/** But for the last one: a blob of very many parts would be read by very many queries. */
export const PART_LEAST = 1024 * 1024;

/** The upload in the path. Errors: upload_not_found, also when its time is over. */
export async function requiredUpload({ params, caller }: Call, { db }: Pick<ApiDeps, 'db'>): Promise<Upload> {
  const upload = await findUpload(db, caller.workspace_id, params['id'] ?? '');
  if (upload === undefined) throw new DomainError('upload_not_found');
  return upload;
}

/** An upload as its sender sees it. */
export const uploadView = ({ upload_id, digest, bytes, received, not_after, completed_at }: Upload) => ({
  upload_id,
  digest: digestName(digest),
  bytes,
  received,
  part_limit: PART_LIMIT,
  not_after,
  completed_at,
});
