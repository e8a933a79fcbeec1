import { claimsTable } from '../domain/identity/oidc-claims.ts';
import type { ClaimsRule } from '../domain/identity/oidc-claims.ts';
import { ReviewedFileError, readReviewedYaml } from './reviewed-yaml.ts';

/** A claims table that is none; the message names the file and the place, and repeats no value. */
export class OidcClaimsFileError extends Error {
  override readonly name = 'OidcClaimsFileError';
  readonly code = 'oidc_claims_malformed';

  constructor(path: string, sentence: string) {
    super(`${path}: ${sentence}`);
  }
}

/**
 * The claims table in the YAML file at `path`, which may as well be JSON: `[{match: {claim: value}, role, workspace}]`,
 * `role` one of viewer, reporter, operator, `workspace` by default `default`. Errors: OidcClaimsFileError.
 */
export function loadOidcClaimsFile(path: string): ClaimsRule[] {
  const parsed = claimsTable.safeParse(read(path));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new OidcClaimsFileError(path, `${issue?.path.join('.') || 'the table'}: ${issue?.message ?? 'not valid'}`);
}

function read(path: string): unknown {
  try {
    return readReviewedYaml(path);
  } catch (error) {
    if (error instanceof ReviewedFileError) throw new OidcClaimsFileError(path, error.said);
    throw error;
  }
}
