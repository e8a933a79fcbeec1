import type { Operation, Parameter } from '../operation.ts';
import { nothing } from '../schemas/instance.ts';
import { blobBytes, blobName, blobPut, blobRestored, blobState, restoreRequest } from '../schemas/registry.ts';

const tag = 'registry';
const path = '/v1/registry/blobs/:digest';
const inPath: Record<string, Parameter> = { digest: { about: 'what the blob is', schema: blobName } };
const OCTETS = 'application/octet-stream';
const STORE = ['blob_store_unreachable', 'blob_store_denied'] as const;

export const operations: Operation[] = [
  {
    method: 'PUT',
    path,
    action: 'registry.put',
    id: 'putBlob',
    tag,
    about: 'Puts bytes under their digest, which is checked while they flow; nothing is ever rewritten.',
    inPath,
    bytes: true,
    responses: {
      200: { about: 'the workspace had put it before', schema: blobPut },
      201: { about: 'put', schema: blobPut },
    },
    problems: [
      'validation_failed',
      'blob_digest_mismatch',
      'blob_too_large',
      'blob_corrupt',
      'upload_incomplete',
      'unsupported_media_type',
      ...STORE,
    ],
  },
  {
    method: 'GET',
    path,
    action: 'registry.read',
    id: 'getBlob',
    tag,
    about:
      'A blob or a range of it, while no quarantine stands for its digest. All of it is read against the digest before the last piece is sent.',
    inPath,
    headers: ['Range', 'If-Range', 'If-None-Match'],
    responses: {
      200: {
        about: 'the blob, streamed; one that is not what its digest names breaks off',
        schema: blobBytes,
        type: OCTETS,
      },
      206: { about: 'the range, as `Content-Range` says it', schema: blobBytes, type: OCTETS },
      304: { about: 'the blob is the one that `If-None-Match` names', schema: blobBytes, type: OCTETS },
    },
    problems: [
      'validation_failed',
      'blob_not_found',
      'blob_missing',
      'blob_corrupt',
      'model_quarantined',
      'range_not_satisfiable',
      ...STORE,
    ],
  },
  {
    method: 'POST',
    path: `${path}/verify`,
    action: 'registry.verify',
    id: 'verifyBlob',
    tag,
    about: 'Reads all of a blob against its digest and records what was found; what is not intact is not served.',
    inPath,
    body: nothing,
    bodyOptional: true,
    responses: { 200: { about: 'what was found', schema: blobState } },
    problems: ['blob_not_found', ...STORE],
  },
  {
    method: 'POST',
    path: `${path}/restore`,
    action: 'registry.restore',
    id: 'restoreBlob',
    tag,
    about:
      'Puts a blob that is missing or corrupt back in its place: from the newest older version in the store that is what the digest names, or from an upload of it. One that is whole stays.',
    inPath,
    body: restoreRequest,
    bodyOptional: true,
    responses: { 200: { about: 'it is whole', schema: blobRestored } },
    problems: [
      'validation_failed',
      'blob_not_found',
      'blob_versions_none',
      'blob_digest_mismatch',
      'blob_missing',
      'upload_not_found',
      'upload_incomplete',
      ...STORE,
    ],
  },
];
