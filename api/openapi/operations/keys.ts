import { z } from 'zod';
import type { Operation } from '../operation.ts';
import { incidentId } from '../schemas/common.ts';
import { nothing } from '../schemas/instance.ts';
import {
  keyRegistration,
  operatorKey,
  operatorKeyId,
  operatorKeyList,
  proofRequired,
  signable,
} from '../schemas/keys.ts';

const tag = 'keys';

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/v1/keys',
    action: 'key.read',
    id: 'listKeys',
    tag,
    about: 'The registered keys of the workspace, in the order of their ids; revoked ones stay.',
    query: {
      limit: { about: 'at most so many, 1 to 1000', schema: z.int().min(1).max(1000) },
      cursor: { about: 'where the page before ended', schema: z.string() },
    },
    responses: { 200: { about: 'the keys', schema: operatorKeyList, paged: true } },
    problems: ['unknown_field', 'validation_failed'],
  },
  {
    method: 'POST',
    path: '/v1/keys',
    action: 'key.register',
    id: 'registerKey',
    tag,
    about: 'Registers a public key with a proof that its holder has it; another user’s key takes org_admin.',
    headers: ['Idempotency-Key'],
    body: keyRegistration,
    responses: {
      201: { about: 'the registered key', schema: operatorKey },
      202: { about: 'nothing is registered yet: what the key has to sign', schema: proofRequired },
    },
    problems: [
      'key_registered',
      'key_revoked',
      'key_expired',
      'key_unknown',
      'signature_invalid',
      'envelope_malformed',
      'payload_type_mismatch',
      'duplicate_key',
      'idempotency_key_reused',
      'ledger_unpublished',
    ],
  },
  {
    method: 'POST',
    path: '/v1/keys/:id/revoke',
    action: 'key.revoke',
    id: 'revokeKey',
    tag,
    about: 'Revokes a key for good; another user’s takes security_owner or org_admin.',
    inPath: { id: { about: 'the id of the key', schema: operatorKeyId } },
    headers: ['Idempotency-Key'],
    body: nothing,
    bodyOptional: true,
    responses: { 200: { about: 'the revoked key', schema: operatorKey } },
    problems: ['key_not_found', 'idempotency_key_reused'],
  },
  {
    method: 'GET',
    path: '/v1/incidents/:id/signable',
    action: 'incident.read',
    id: 'getSignable',
    tag,
    about: 'What a signed decision about the incident has to name.',
    inPath: { id: { about: 'the id of the incident', schema: incidentId } },
    responses: { 200: { about: 'what to name', schema: signable } },
    problems: ['incident_not_found', 'ledger_unpublished'],
  },
];
