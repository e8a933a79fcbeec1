import { z } from 'zod';
import { ROLES } from '../../../domain/identity/roles.ts';
import { USER } from '../../../domain/identity/user.ts';
import { OPERATOR_KEY_ID } from '../../../domain/signing/operator-key.ts';
import { named } from '../registry.ts';
import { digest, incidentClass, incidentId, incidentState, instant, severity } from './common.ts';

export const operatorKeyId = z.string().regex(OPERATOR_KEY_ID);
export const role = named('Role', z.enum(ROLES));
const user = z.string().regex(USER);
const publicKey = z.string().length(44).describe('raw Ed25519 key, 32 bytes, base64');

export const operatorKey = named(
  'OperatorKey',
  z.object({
    key_id: operatorKeyId,
    user,
    algorithm: z.literal('ed25519'),
    public_key: publicKey,
    roles: z.array(role),
    registered_at: instant,
    registered_by: z.string(),
    not_after: instant.nullable(),
    revoked_at: instant.nullable(),
    revoked_by: z.string().nullable(),
  }),
);
export const operatorKeyList = named('OperatorKeyList', z.array(operatorKey));

export const dsseEnvelope = named(
  'DsseEnvelope',
  z.strictObject({
    payload: z.string(),
    payloadType: z.string(),
    signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })).min(1),
  }),
);

export const keyRegistration = named(
  'KeyRegistration',
  z.strictObject({
    public_key: publicKey,
    user: user.optional().describe('whose key it is; by default the caller'),
    roles: z.array(role).min(1).optional().describe('of those the caller holds; by default all of them'),
    not_after: instant.optional(),
    proof: dsseEnvelope
      .optional()
      .describe('by the key, over the payload that the answer to a request without it names'),
  }),
);
export const proofRequired = named(
  'ProofRequired',
  z.object({
    status: z.literal('proof_required'),
    payload_type: z.string(),
    payload: z.string().describe('what the key signs as DSSE payload, base64'),
    registration: z.object({
      instance: z.string(),
      workspace: z.string(),
      user,
      key_id: operatorKeyId,
      roles: z.array(role),
      not_after: instant.nullable(),
    }),
  }),
);

export const signable = named(
  'Signable',
  z.object({
    instance: z.string(),
    incident_id: incidentId,
    class: incidentClass,
    severity,
    state: incidentState,
    workflow_id: z.string().nullable().describe('the process that waits for decisions; null where none does'),
    containment_binding: digest,
  }),
);
