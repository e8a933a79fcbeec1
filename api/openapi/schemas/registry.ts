import { z } from 'zod';
import { named } from '../registry.ts';
import { count, instant } from './common.ts';

export const blobName = named(
  'BlobName',
  z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .describe('the SHA-256 of the bytes'),
);

export const blobPut = named('BlobPut', z.object({ digest: blobName, bytes: count, put_at: instant }));
export const blobBytes = named('BlobBytes', z.string().describe('the bytes'));
export const blobState = named(
  'BlobState',
  z.object({
    digest: blobName,
    bytes: count,
    state: z.enum(['intact', 'blob_missing', 'blob_corrupt']).describe('only what is intact is served'),
  }),
);
