import { registerKey, registrationOf } from '../../db/command/register-key.ts';
import { findKey } from '../../db/read/operator-keys.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { toBase64 } from '../../domain/signing/base64.ts';
import { KEY_REGISTRATION_TYPE, registrationPayload } from '../../domain/signing/key-registration.ts';
import { readJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { refuseWith } from '../instance.ts';
import { keyToRegister, keyView } from '../key-request.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** Without a proof nothing is registered: the answer says what the key has to sign. */
async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const asked = keyToRegister(await readJson(call.req), call);
  const { workspace_id } = call.caller;
  if (asked.proof === undefined) {
    const registration = await registrationOf(db, workspace_id, asked);
    if (registration === undefined) throw new DomainError('ledger_unpublished');
    const payload = toBase64(registrationPayload(registration));
    return {
      status: 202,
      body: { status: 'proof_required', payload_type: KEY_REGISTRATION_TYPE, payload, registration },
    };
  }
  const { user, roles, not_after } = asked;
  const content = { user, roles, not_after, public_key: toBase64(asked.public_key) };
  const registered = await registerKey(db, call.caller, asked, decisionKey(call.req, { kind: 'register', ...content }));
  if (!registered.ok) return refuseWith(registered.code);
  const key = await findKey(db, workspace_id, registered.key_id);
  return { status: 201, body: key === undefined ? null : keyView(key) };
}

export const route: Route = { method: 'POST', path: '/v1/keys', action: 'key.register', handler };
