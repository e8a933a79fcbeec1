import type { BlobStore } from './blob-store.ts';
import { FilesystemBlobs } from './filesystem-blobs.ts';
import { S3Blobs } from './s3-blobs.ts';
import type { S3BlobsOptions } from './s3-blobs.ts';

/** The store that an instance is configured for: the bucket where one is named, else files. */
export const openBlobs = ({ blobRoot, s3 }: { blobRoot: string; s3: S3BlobsOptions | undefined }): BlobStore =>
  s3 === undefined ? new FilesystemBlobs(blobRoot) : new S3Blobs(s3);
