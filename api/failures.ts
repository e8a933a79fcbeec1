import { ContainmentFileError } from '../config/containment-file.ts';
import { UpstreamsFileError } from '../config/upstreams-file.ts';
import { ForensicKeyError } from '../config/forensic-key-file.ts';
import { ReceiptKeyError } from '../config/receipt-key-file.ts';
import { DatabaseError, isUnreachable } from '../db/errors.ts';
import { SecretsError } from '../db/secrets-error.ts';
import { BlobError } from '../storage/blob-error.ts';
import { isProblemCode } from '../domain/problem/codes.ts';
import { problem, problemOf, DomainError } from '../domain/problem/problem.ts';
import type { Problem } from '../domain/problem/problem.ts';

/** The problem that a thrown error is answered with; what is not foreseen is `internal` and says nothing of its cause. */
export function problemFor(error: unknown): Problem {
  if (error instanceof DomainError) return problemOf(error);
  if (error instanceof DatabaseError) return problem(error.code);
  if (isUnreachable(error)) return problem('database_unreachable');
  if (error instanceof SecretsError && isProblemCode(error.code)) return problem(error.code, { detail: error.message });
  if (error instanceof BlobError) return blobProblem(error);
  if (error instanceof ForensicKeyError || error instanceof ReceiptKeyError) return problem(error.code);
  if (error instanceof ContainmentFileError)
    return problem('policy_invalid', { detail: error.message, fields: error.fields });
  if (error instanceof UpstreamsFileError)
    return problem('upstreams_invalid', { detail: error.message, fields: error.fields });
  return problem('internal');
}

/** What the store says, in the words of a request; where it lies is nobody's business. */
function blobProblem({ code }: BlobError): Problem {
  switch (code) {
    case 'blob_mismatch':
      return problem('blob_digest_mismatch');
    case 'key_invalid':
      return problem('internal');
    default:
      return problem(code);
  }
}

/** Headers that belong to a status, whatever the route. */
export function problemHeaders(status: number): Record<string, string> {
  switch (status) {
    case 401:
      return { 'WWW-Authenticate': 'Bearer realm="interlock"' };
    case 413:
      // The rest of the body is not read; the connection cannot be used again.
      return { Connection: 'close' };
    case 429:
    case 503:
      return { 'Retry-After': '1' };
    default:
      return {};
  }
}
