import type { Operation } from '../operation.ts';
import { activeHooks, hooksApplied, hookSet } from '../schemas/hooks.ts';

const tag = 'hooks';

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/v1/hooks',
    action: 'hooks.read',
    id: 'listHooks',
    tag,
    about: 'Who is told of operator alerts outside, and by which reviewed set.',
    responses: { 200: { about: 'the set in force', schema: activeHooks } },
  },
  {
    method: 'PUT',
    path: '/v1/hooks',
    action: 'hooks.apply',
    id: 'applyHooks',
    tag,
    about: 'Swaps the whole set of hooks for a reviewed one, named by its digest.',
    body: hookSet,
    responses: { 200: { about: 'it is in force', schema: hooksApplied } },
    problems: ['digest_mismatch'],
  },
];
