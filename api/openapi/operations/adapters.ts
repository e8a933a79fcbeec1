import type { Operation } from '../operation.ts';
import {
  adapter,
  adapterDefinition,
  adapterList,
  adapterLost,
  adapterName,
  adapterRetired,
  adapterRetirement,
  adapterTrial,
} from '../schemas/adapters.ts';
import { nothing } from '../schemas/instance.ts';
import { secondPerson } from '../schemas/trust.ts';

const tag = 'adapters';
const inPath = { name: { about: 'the name of the adapter', schema: adapterName } };

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/v1/adapters',
    action: 'adapter.read',
    id: 'listAdapters',
    tag,
    about: 'The enforcement points outside, with what each has yet to acknowledge.',
    responses: { 200: { about: 'the adapters', schema: adapterList } },
  },
  {
    method: 'PUT',
    path: '/v1/adapters/:name',
    action: 'adapter.put',
    id: 'putAdapter',
    tag,
    about: 'Registers an adapter, or changes one; an action is never taken from it, an adapter is retired instead.',
    inPath,
    headers: ['Idempotency-Key'],
    body: adapterDefinition,
    responses: {
      200: { about: 'the changed adapter', schema: adapter },
      201: { about: 'the new adapter', schema: adapter },
    },
    problems: ['adapter_narrowed', 'idempotency_key_reused'],
  },
  {
    method: 'POST',
    path: '/v1/adapters/:name/test',
    action: 'adapter.test',
    id: 'testAdapter',
    tag,
    about: 'Sends the adapter a signed request that changes nothing, and says what came of it.',
    inPath,
    body: nothing,
    bodyOptional: true,
    responses: { 200: { about: 'what came of it', schema: adapterTrial } },
    problems: ['adapter_not_found', 'stale_state', 'temporal_unreachable'],
  },
  {
    method: 'POST',
    path: '/v1/adapters/:name/lost',
    action: 'adapter.lost',
    id: 'loseAdapter',
    tag,
    about: 'Says that the adapter lost what it held: it is told all of it again.',
    inPath,
    headers: ['Idempotency-Key'],
    body: nothing,
    bodyOptional: true,
    responses: { 200: { about: 'how many incidents wait for it again', schema: adapterLost } },
    problems: ['adapter_not_found', 'idempotency_key_reused'],
  },
  {
    method: 'POST',
    path: '/v1/adapters/:name/retire',
    action: 'adapter.retire',
    id: 'retireAdapter',
    tag,
    about: 'Ends the part of an adapter in every pending action, by two people.',
    inPath,
    headers: ['Idempotency-Key'],
    body: adapterRetirement,
    responses: {
      200: { about: 'done', schema: adapterRetired },
      202: { about: 'the first of two people was heard', schema: secondPerson },
    },
    problems: ['adapter_not_found', 'confirmation_required', 'approval_refused', 'idempotency_key_reused'],
  },
];
