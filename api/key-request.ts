import { may, isRole } from '../domain/identity/roles.ts';
import type { Role } from '../domain/identity/roles.ts';
import { isUser } from '../domain/identity/user.ts';
import { DomainError } from '../domain/problem/problem.ts';
import { fromBase64, toBase64 } from '../domain/signing/base64.ts';
import { OPERATOR_KEY_ID, PUBLIC_KEY_BYTES } from '../domain/signing/operator-key.ts';
import type { KeyToRegister } from '../db/command/register-key.ts';
import type { OperatorKey } from '../db/read/operator-keys.ts';
import { LOCAL_OPERATOR } from './auth/authenticate.ts';
import { readFields } from './fields.ts';
import type { Call } from './route.ts';

const userProblem = (value: unknown): string | null => {
  if (value === undefined) return null;
  if (typeof value !== 'string') return 'invalid_type';
  return isUser(value) ? null : 'invalid_value';
};

const rolesProblem = (value: unknown): string | null => {
  if (value === undefined) return null;
  if (!Array.isArray(value)) return 'invalid_type';
  return value.length > 0 && value.every(isRole) && new Set(value).size === value.length ? null : 'invalid_value';
};

const publicKeyProblem = (value: unknown): string | null => {
  if (value === undefined) return 'required';
  if (typeof value !== 'string') return 'invalid_type';
  return fromBase64(value)?.length === PUBLIC_KEY_BYTES ? null : 'invalid_value';
};

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

const instantProblem = (value: unknown): string | null => {
  if (value === undefined) return null;
  if (typeof value !== 'string') return 'invalid_type';
  return INSTANT.test(value) && !Number.isNaN(Date.parse(value)) ? null : 'invalid_value';
};

const RULES = {
  required: {},
  optional: {},
  values: {
    user: userProblem,
    roles: rolesProblem,
    public_key: publicKeyProblem,
    not_after: instantProblem,
    proof: () => null,
  },
};

/**
 * A key as its holder registers it. Everyone registers their own; somebody else's takes the role for it, and names the
 * roles. Nobody gives a key a role that they do not hold. Errors: not_permitted, validation_failed.
 */
export function keyToRegister(body: unknown, { principal, caller }: Call): KeyToRegister {
  const given = readFields(body, RULES) as {
    user?: string;
    roles?: Role[];
    public_key: string;
    not_after?: string;
    proof?: unknown;
  };
  const user = given.user ?? caller.actor;
  const others = user !== caller.actor;
  // The one person of loopback trust is whoever sits at the machine: nobody is made that person from elsewhere.
  if (others && (user === LOCAL_OPERATOR.actor || !may(principal.roles, 'key.register_other')))
    throw new DomainError('not_permitted');
  if (others && given.roles === undefined)
    throw new DomainError('validation_failed', { fields: [{ path: 'roles', code: 'required' }] });
  const roles = given.roles ?? [...principal.roles];
  if (!roles.every((role) => principal.roles.includes(role))) throw new DomainError('not_permitted');
  return {
    user,
    roles: [...roles].sort(),
    public_key: fromBase64(given.public_key) ?? new Uint8Array(),
    not_after: given.not_after === undefined ? null : new Date(given.not_after).toISOString(),
    proof: given.proof,
  };
}

/** The id of a key in a path. Errors: key_not_found. */
export function keyId({ params }: Call): string {
  const id = params['id'] ?? '';
  if (!OPERATOR_KEY_ID.test(id)) throw new DomainError('key_not_found');
  return id;
}

/** A key as its readers see it. */
export const keyView = (key: OperatorKey) => ({
  key_id: key.key_id,
  user: key.user_id,
  algorithm: key.algorithm,
  public_key: toBase64(new Uint8Array(key.public_key)),
  roles: key.roles,
  registered_at: key.registered_at,
  registered_by: key.actor,
  not_after: key.not_after,
  revoked_at: key.revoked_at,
  revoked_by: key.revoked_by,
});
