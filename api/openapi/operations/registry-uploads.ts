import { z } from 'zod';
import type { Operation, Parameter } from '../operation.ts';
import { nothing } from '../schemas/instance.ts';
import { blobPut, upload, uploadRequest } from '../schemas/registry.ts';

const tag = 'registry';
const path = '/v1/registry/uploads/:id';
const inPath: Record<string, Parameter> = { id: { about: 'of the upload', schema: z.string() } };
const STORE = ['blob_store_unreachable', 'blob_store_denied'] as const;

export const operations: Operation[] = [
  {
    method: 'POST',
    path: '/v1/registry/uploads',
    action: 'registry.put',
    id: 'openUpload',
    tag,
    about: 'Opens an upload for a blob that comes in parts; it lasts for a day.',
    body: uploadRequest,
    responses: { 201: { about: 'open', schema: upload } },
    problems: ['blob_too_large', 'too_many_requests'],
  },
  {
    method: 'GET',
    path,
    action: 'registry.put',
    id: 'getUpload',
    tag,
    about: 'Where an upload stands.',
    inPath,
    responses: { 200: { about: 'the upload', schema: upload } },
    problems: ['upload_not_found'],
  },
  {
    method: 'PATCH',
    path,
    action: 'registry.put',
    id: 'sendPart',
    tag,
    about:
      'The next part, of 1 MiB at least but for the last. One that does not begin where the upload stands is refused.',
    inPath,
    headers: ['Content-Range'],
    bytes: true,
    responses: { 200: { about: 'the part is kept', schema: upload } },
    problems: [
      'upload_not_found',
      'upload_offset_mismatch',
      'upload_incomplete',
      'upload_completed',
      'blob_too_large',
      'validation_failed',
      'unsupported_media_type',
      ...STORE,
    ],
  },
  {
    method: 'POST',
    path: `${path}/complete`,
    action: 'registry.put',
    id: 'completeUpload',
    tag,
    about: 'Puts the parts together and puts the blob, when they are what its digest names; else the upload is over.',
    inPath,
    body: nothing,
    bodyOptional: true,
    responses: {
      200: { about: 'the workspace had put it before', schema: blobPut },
      201: { about: 'put', schema: blobPut },
    },
    problems: [
      'upload_not_found',
      'upload_incomplete',
      'blob_digest_mismatch',
      'blob_too_large',
      'blob_corrupt',
      'blob_missing',
      ...STORE,
    ],
  },
];
