import type { Role } from '../../domain/identity/roles.ts';
import { keyRefusal, operatorKeyId } from '../../domain/signing/operator-key.ts';
import { DsseError, verifyEnvelope } from '../../domain/signing/dsse.ts';
import type { DsseErrorCode } from '../../domain/signing/dsse.ts';
import { KEY_REGISTRATION_TYPE, registrationPayload } from '../../domain/signing/key-registration.ts';
import type { KeyRegistration } from '../../domain/signing/key-registration.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { findKey, instanceName } from '../read/operator-keys.ts';
import type { OperatorKey } from '../read/operator-keys.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import { writeEntries } from '../write/ledger.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

/** `public_key` is raw, 32 bytes; the proof is a DSSE envelope, by the key itself, over what is registered. */
export interface KeyToRegister {
  user: string;
  public_key: Uint8Array;
  roles: Role[];
  /** RFC 3339; null: until it is revoked. */
  not_after: string | null;
  proof: unknown;
}

export type Registered =
  | { ok: true; key_id: string }
  | {
      ok: false;
      code: 'ledger_unpublished' | 'key_registered' | 'key_revoked' | 'key_expired' | DsseErrorCode;
    }
  | Reused;

/** What the key has to sign; undefined before the instance has its name. */
export async function registrationOf(
  db: Tx | Database,
  workspace: string,
  { user, public_key, roles, not_after }: Omit<KeyToRegister, 'proof'>,
): Promise<KeyRegistration | undefined> {
  const instance = await instanceName(db);
  if (instance === undefined) return undefined;
  return { instance, workspace, user, key_id: operatorKeyId(public_key, sha256), roles, not_after };
}

/**
 * Registers a key that its holder has proven to hold, once in a workspace: one that was revoked never comes back. Who may
 * register it, and with which roles, the door has judged.
 */
export async function registerKey(
  db: Database,
  by: Caller,
  { proof, ...given }: KeyToRegister,
  key: DecisionKey,
): Promise<Registered> {
  const key_id = operatorKeyId(given.public_key, sha256);
  const once = { workspace_id: by.workspace_id, aggregate: `key/${key_id}`, kind: 'register', key };
  return decideOnce<Registered>(db, by, once, async (tx, now) => {
    const registration = await registrationOf(tx, by.workspace_id, given);
    if (registration === undefined) return { ok: false, code: 'ledger_unpublished' };
    const unproven = proofRefusal(registration, given.public_key, proof);
    if (unproven !== null) return { ok: false, code: unproven };
    const over = keyRefusal({ ...given, revoked_at: null }, now);
    if (over !== null) return { ok: false, code: over };
    const known = await findKey(tx, by.workspace_id, key_id);
    if (known !== undefined) return { ok: false, code: known.revoked_at === null ? 'key_registered' : 'key_revoked' };
    await insert(tx, by, registration, given.public_key, now);
    await entry(tx, by, 'key_registered', registration, now);
    return { ok: true, key_id };
  });
}

function proofRefusal(registration: KeyRegistration, public_key: Uint8Array, proof: unknown): DsseErrorCode | null {
  try {
    const { payload } = verifyEnvelope(proof, [{ key_id: registration.key_id, public_key }], KEY_REGISTRATION_TYPE);
    return Buffer.compare(payload, registrationPayload(registration)) === 0 ? null : 'signature_invalid';
  } catch (error) {
    if (error instanceof DsseError) return error.code;
    throw error;
  }
}

async function insert(tx: Tx, by: Caller, of: KeyRegistration, public_key: Uint8Array, now: string): Promise<void> {
  await tx.query(
    `INSERT INTO operator_keys
        (workspace_id, key_id, user_id, algorithm, public_key, roles, registered_at, not_after, actor, on_behalf_of)
      VALUES ($1, $2, $3, 'ed25519', $4, $5, $6, $7, $8, $9)`,
    [
      by.workspace_id,
      of.key_id,
      of.user,
      Buffer.from(public_key),
      of.roles,
      now,
      of.not_after,
      by.actor,
      by.on_behalf_of,
    ],
  );
}

export type Revoked = { ok: true } | { ok: false; code: 'key_not_found' | 'not_permitted' } | Reused;

/**
 * Revokes a key for good; one that is revoked stays as it is. Decisions that are judged by it meanwhile are waited for, or
 * wait and are refused. `anyKey`: the caller may revoke other people's keys too.
 */
export async function revokeKey(
  db: Database,
  by: Caller,
  { key_id, anyKey }: { key_id: string; anyKey: boolean },
  key: DecisionKey,
): Promise<Revoked> {
  const once = { workspace_id: by.workspace_id, aggregate: `key/${key_id}`, kind: 'revoke', key };
  return decideOnce<Revoked>(db, by, once, async (tx, now) => {
    const found = await one<OperatorKey>(
      tx,
      'SELECT * FROM operator_keys WHERE workspace_id = $1 AND key_id = $2 FOR UPDATE',
      [by.workspace_id, key_id],
    );
    if (found === undefined) return { ok: false, code: 'key_not_found' };
    if (!anyKey && found.user_id !== by.actor) return { ok: false, code: 'not_permitted' };
    if (found.revoked_at !== null) return { ok: true };
    await tx.query(
      'UPDATE operator_keys SET revoked_at = $3, revoked_by = $4 WHERE workspace_id = $1 AND key_id = $2',
      [by.workspace_id, key_id, now, by.actor],
    );
    await entry(tx, by, 'key_revoked', { key_id, user: found.user_id }, now);
    return { ok: true };
  });
}

const entry = (
  tx: Tx,
  { workspace_id, actor, on_behalf_of }: Caller,
  action: string,
  { key_id, user, ...of }: { key_id: string; user: string } & Partial<KeyRegistration>,
  at: string,
) =>
  writeEntries(tx, [
    {
      workspace_id,
      at,
      actor,
      on_behalf_of,
      action,
      object: `key/${key_id}`,
      record_hash: null,
      record_version: null,
      detail: { user, ...(of.roles === undefined ? {} : { roles: of.roles, not_after: of.not_after ?? null }) },
      policy_digest: null,
    },
  ]);
