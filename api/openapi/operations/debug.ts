import { z } from 'zod';
import { LIST_LIMIT } from '../../../db/read/parameters.ts';
import type { Operation } from '../operation.ts';
import { captureId, captureList, captureShown, pruned, pruneRequest, windowId } from '../schemas/runtime.ts';

const tag = 'runtime';

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/v1/debug/captures',
    action: 'debug.read',
    id: 'listCaptures',
    tag,
    about: 'What was captured and has not expired, newest first, without bodies.',
    query: {
      window: { about: 'of this window', schema: windowId },
      limit: { about: `how many at most, by default ${LIST_LIMIT}`, schema: z.int().min(1).max(LIST_LIMIT) },
      cursor: { about: 'from the Link of the page before', schema: z.string() },
    },
    responses: { 200: { about: 'one page', schema: captureList, paged: true } },
    problems: ['validation_failed', 'unknown_field'],
  },
  {
    method: 'GET',
    path: '/v1/debug/captures/:id',
    action: 'debug.read',
    id: 'getCapture',
    tag,
    about: 'One capture with its redacted bodies; each reading is an entry of the ledger.',
    inPath: { id: { about: 'of the capture', schema: captureId } },
    responses: { 200: { about: 'the capture', schema: captureShown } },
    problems: ['capture_not_found', 'master_key_missing', 'master_key_mismatch', 'secret_unreadable'],
  },
  {
    method: 'POST',
    path: '/v1/debug/prune',
    action: 'debug.prune',
    id: 'pruneCaptures',
    tag,
    about: 'Deletes captures, the oldest first: all, those before an instant, or those of one window.',
    body: pruneRequest,
    responses: { 200: { about: 'one batch is gone', schema: pruned } },
  },
];
