// Whoever registers a key proves that they hold it: the key signs for whom, where and for which roles it is registered.
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from '../canonical/json.ts';
import type { Role } from '../identity/roles.ts';

/** The DSSE payload type of a registration. */
export const KEY_REGISTRATION_TYPE = 'application/vnd.interlock.key-registration+json';

/** `not_after` is RFC 3339; null: until it is revoked. */
export interface KeyRegistration {
  instance: string;
  workspace: string;
  user: string;
  key_id: string;
  roles: readonly Role[];
  not_after: string | null;
}

/** The bytes that the key signs, as DSSE payload: RFC 8785 JSON. */
export const registrationPayload = ({ instance, workspace, user, key_id, roles, not_after }: KeyRegistration) =>
  utf8ToBytes(canonicalJson({ instance, workspace, user, key_id, roles: [...roles].sort(), not_after }));
