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

export const restoreRequest = named(
  'RestoreRequest',
  z.strictObject({
    upload_id: z.exactOptional(
      z.string().describe('of all the bytes; without it the versions of the store are looked at'),
    ),
  }),
);
export const blobRestored = named(
  'BlobRestored',
  z.object({
    digest: blobName,
    bytes: count,
    state: z.literal('intact'),
    restored: z.enum(['version', 'upload']).nullable().describe('from what; null where it was whole'),
  }),
);

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const members = {
  blobs: z
    .array(
      z.strictObject({
        path: z.string().describe('names joined by /; none is . or .., no path is the folder of another'),
        sha256: hex,
        size: count.describe('bytes'),
      }),
    )
    .min(1)
    .max(1000),
  transition_digest: blobName,
  license: z.strictObject({ id: z.string(), sha256: hex.describe('of its text, which is one of the blobs') }),
  policy_profile: z.string(),
  policy_hash: blobName,
  created_at: z.string().describe('RFC 3339, UTC'),
};
export const bundleManifest = named('BundleManifest', z.strictObject(members));

const id = { name: z.string(), version: z.string() };
export const bundlePublished = named(
  'BundlePublished',
  z.object({
    ...id,
    digest: blobName.describe('of the RFC 8785 text of manifest, name and version'),
    published_at: instant,
  }),
);
const listed = {
  ...id,
  digest: blobName,
  blobs: count,
  bytes: count,
  published_at: instant,
  published_by: z.string(),
};
export const bundleList = named('Bundles', z.array(z.object(listed)));
export const bundleShown = named('Bundle', z.object({ ...listed, manifest: z.strictObject({ ...id, ...members }) }));

export const uploadRequest = named('UploadRequest', z.strictObject({ digest: blobName, bytes: count }));
export const upload = named(
  'Upload',
  z.object({
    upload_id: z.string(),
    digest: blobName,
    bytes: count,
    received: count.describe('where the next part begins'),
    part_limit: count.describe('bytes of a part at most'),
    not_after: instant,
    completed_at: instant.nullable(),
  }),
);
