import { z } from 'zod';
import { LIST_LIMIT } from '../../../db/read/parameters.ts';
import type { Operation, Parameter } from '../operation.ts';
import { bundleList, bundleManifest, bundlePublished, bundleShown } from '../schemas/registry.ts';

const tag = 'registry';
const path = '/v1/registry/bundles/:name/:version';
const inPath: Record<string, Parameter> = {
  name: { about: 'the name of the bundle', schema: z.string() },
  version: { about: 'its version', schema: z.string() },
};

export const operations: Operation[] = [
  {
    method: 'PUT',
    path,
    action: 'registry.publish',
    id: 'publishBundle',
    tag,
    about:
      'Publishes a bundle for good, when every blob that it names is put, whole and not quarantined. The same again is no error.',
    inPath,
    headers: ['Idempotency-Key'],
    body: bundleManifest,
    responses: {
      200: { about: 'it was published before', schema: bundlePublished },
      201: { about: 'published', schema: bundlePublished },
    },
    problems: [
      'bundle_exists',
      'blob_missing',
      'blob_corrupt',
      'blob_conflict',
      'model_quarantined',
      'idempotency_key_reused',
      'blob_store_unreachable',
      'blob_store_denied',
    ],
  },
  {
    method: 'GET',
    path,
    action: 'registry.read',
    id: 'getBundle',
    tag,
    about: 'A bundle with its manifest.',
    inPath,
    responses: { 200: { about: 'the bundle', schema: bundleShown } },
    problems: ['bundle_not_found', 'model_quarantined', 'validation_failed'],
  },
  {
    method: 'GET',
    path: '/v1/registry/bundles',
    action: 'registry.read',
    id: 'listBundles',
    tag,
    about: 'The bundles by name and version.',
    query: {
      name: { about: 'only the versions of this one', schema: z.string() },
      limit: { about: `how many at most, by default ${LIST_LIMIT}`, schema: z.int().min(1).max(LIST_LIMIT) },
      cursor: { about: 'from the Link of the page before', schema: z.string() },
    },
    responses: { 200: { about: 'a page', schema: bundleList, paged: true } },
    problems: ['validation_failed', 'unknown_field'],
  },
];
