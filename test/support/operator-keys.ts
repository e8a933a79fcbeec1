import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical/json.ts';
import type { Role } from '../../domain/identity/roles.ts';
import { DECISION_TYPE } from '../../domain/signing/decision-statement.ts';
import type { DecisionStatement } from '../../domain/signing/decision-statement.ts';
import { envelopeOf, preAuthenticationEncoding } from '../../domain/signing/dsse.ts';
import type { DsseEnvelope } from '../../domain/signing/dsse.ts';
import { KEY_REGISTRATION_TYPE, registrationPayload } from '../../domain/signing/key-registration.ts';
import { operatorKeyId } from '../../domain/signing/operator-key.ts';
import type { Database } from '../../db/client.ts';
import { registerKey, registrationOf } from '../../db/command/register-key.ts';
import { sha256 } from './incidents.ts';

export interface TestKey {
  key_id: string;
  public_key: Uint8Array;
  privateKey: KeyObject;
  pem: string;
  sign: (type: string, payload: Uint8Array) => DsseEnvelope;
}

/** A fresh Ed25519 key that nobody has registered. */
export function newKey(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const public_key = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
  const key_id = operatorKeyId(public_key, sha256);
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signEnvelope = (type: string, payload: Uint8Array) =>
    envelopeOf(type, payload, [
      { key_id, signature: new Uint8Array(sign(null, preAuthenticationEncoding(type, payload), privateKey)) },
    ]);
  return { key_id, public_key, privateKey, pem, sign: signEnvelope };
}

export interface Holder {
  user: string;
  roles: Role[];
  workspace?: string;
  not_after?: string;
}

/** Registers a key for its holder, with its proof. */
export async function register(db: Database, key: TestKey, { user, roles, workspace = 'default', not_after }: Holder) {
  const given = { user, roles, public_key: key.public_key, not_after: not_after ?? null };
  const registration = await registrationOf(db, workspace, given);
  if (registration === undefined) throw new Error('the instance has no name yet');
  const proof = key.sign(KEY_REGISTRATION_TYPE, registrationPayload(registration));
  const by = { workspace_id: workspace, actor: user, on_behalf_of: null };
  const decision = { decision_id: crypto.randomUUID(), request_digest: 'd' };
  const registered = await registerKey(db, by, { ...given, proof }, decision);
  if (!registered.ok) throw new Error(`not registered: ${registered.code}`);
}

/** A statement as its key signs it, whatever it says. */
export const signed = (key: TestKey, statement: DecisionStatement): DsseEnvelope =>
  key.sign(DECISION_TYPE, new TextEncoder().encode(canonicalJson(statement)));
