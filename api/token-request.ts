import { CLASSES, isIncidentClass } from '../domain/containment/types.ts';
import type { IncidentClass } from '../domain/containment/types.ts';
import { isSha256Hex } from '../domain/canonical/hash.ts';
import { isIssuable, isRole } from '../domain/identity/roles.ts';
import type { Role } from '../domain/identity/roles.ts';
import { LIFETIME, readLifetime } from '../domain/identity/token.ts';
import { isTokenUser } from '../domain/identity/user.ts';
import type { TokenTerms } from '../domain/identity/token.ts';
import { DomainError } from '../domain/problem/problem.ts';
import { invalidFields, readFields } from './fields.ts';
import type { Call } from './route.ts';

/** A list of distinct words, each of which `is` knows. */
const listProblem =
  (is: (value: unknown) => boolean, max: number, optional: boolean) =>
  (value: unknown): string | null => {
    if (value === undefined) return optional ? null : 'required';
    if (!Array.isArray(value)) return 'invalid_type';
    const ok = value.length > 0 && value.length <= max && new Set(value).size === value.length && value.every(is);
    return ok ? null : 'invalid_value';
  };

const RULES = {
  required: { user: { max: 128 } },
  optional: { label: { max: 256 }, source: { max: 256 }, expires_in: { max: 8 } },
  values: { roles: listProblem(isRole, 10, false), classes: listProblem(isIncidentClass, CLASSES.length, true) },
};

/** What a token is asked to allow. Errors: validation_failed, role_not_issuable. */
export function readTerms(body: unknown): TokenTerms {
  const { user, label, source, expires_in, roles, classes } = readFields(body, RULES);
  if (!isTokenUser(user)) invalidFields({ path: 'user', code: 'invalid_value' });
  const lifetime = expires_in === undefined ? LIFETIME.default : readLifetime(expires_in);
  if (lifetime === undefined) return invalidFields({ path: 'expires_in', code: 'invalid_value' });
  const asked = roles as Role[];
  if (!asked.every(isIssuable)) throw new DomainError('role_not_issuable');
  return {
    user_id: user,
    roles: asked,
    label: label ?? null,
    report_source: source ?? null,
    report_classes: (classes as IncidentClass[] | undefined) ?? null,
    lifetime,
  };
}

/** The SHA-256 in a path. Errors: token_not_found. */
export function tokenSha256({ params }: Call): string {
  const sha256 = params['sha256'] ?? '';
  if (!isSha256Hex(sha256)) throw new DomainError('token_not_found');
  return sha256;
}
