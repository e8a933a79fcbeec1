import type { Operation } from '../operation.ts';
import { forensicBundle } from '../schemas/forensic.ts';

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/api/v1/forensic/export',
    action: 'forensic.export',
    id: 'exportForensicBundle',
    tag: 'forensic',
    about:
      'A signed bundle of everything the workspace sees, as of one moment; an attachment `forensic-bundle-YYYYMMDD-HHMMSS.json`. Hash and signatures come last. The export is an audit entry.',
    responses: { 200: { about: 'the bundle, streamed', schema: forensicBundle } },
    problems: [
      'unknown_field',
      'too_many_requests',
      'forensic_key_missing',
      'forensic_key_unusable',
      'ledger_unpublished',
      'log_signer_unavailable',
      'spool_unavailable',
    ],
  },
];
