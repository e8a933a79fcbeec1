import { z } from 'zod';
import { LIST_LIMIT } from '../../../db/read/parameters.ts';
import type { Operation } from '../operation.ts';
import {
  rotation,
  rotationAbandoned,
  rotationAbandonment,
  rotationId,
  rotationList,
  rotationRequest,
  rotationWithSteps,
} from '../schemas/rotations.ts';

const tag = 'rotations';
const inPath = { id: { about: 'of the rotation', schema: rotationId } };

export const operations: Operation[] = [
  {
    method: 'POST',
    path: '/v1/rotations',
    action: 'rotation.start',
    id: 'startRotation',
    tag,
    about: 'Opens the rotation of a credential or a key; its process takes the steps.',
    headers: ['Idempotency-Key'],
    body: rotationRequest,
    responses: { 202: { about: 'the rotation that was opened', schema: rotation } },
    problems: ['rotation_running', 'overlap_unavailable', 'idempotency_key_reused'],
  },
  {
    method: 'GET',
    path: '/v1/rotations',
    action: 'rotation.read',
    id: 'listRotations',
    tag,
    about: 'Rotations, newest first.',
    query: {
      limit: { about: `how many at most, by default ${LIST_LIMIT}`, schema: z.int().min(1).max(LIST_LIMIT) },
      cursor: { about: 'from the Link of the page before', schema: z.string() },
    },
    responses: { 200: { about: 'one page', schema: rotationList, paged: true } },
    problems: ['validation_failed', 'unknown_field'],
  },
  {
    method: 'GET',
    path: '/v1/rotations/:id',
    action: 'rotation.read',
    id: 'getRotation',
    tag,
    about: 'A rotation, and what each of its steps came to.',
    inPath,
    responses: { 200: { about: 'the rotation', schema: rotationWithSteps } },
    problems: ['rotation_not_found'],
  },
  {
    method: 'POST',
    path: '/v1/rotations/:id/abandon',
    action: 'rotation.abandon',
    id: 'abandonRotation',
    tag,
    about: 'Ends a rotation where it stands; whoever asks answers for what is left of it.',
    inPath,
    headers: ['Idempotency-Key'],
    body: rotationAbandonment,
    responses: { 200: { about: 'done', schema: rotationAbandoned } },
    problems: ['rotation_not_found', 'rotation_over', 'idempotency_key_reused'],
  },
];
