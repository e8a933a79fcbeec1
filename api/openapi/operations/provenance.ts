import type { Operation } from '../operation.ts';
import { provenanceKeys } from '../schemas/ledger.ts';

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/v1/provenance/keys',
    action: 'open',
    id: 'getProvenanceKeys',
    tag: 'exports',
    about: 'Every key that the statements of exports verify with, oldest first; the one without `until` signs.',
    responses: { 200: { about: 'the public keys', schema: provenanceKeys } },
  },
];
