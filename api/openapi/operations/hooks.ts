import type { Operation } from '../operation.ts';
import { z } from 'zod';
import { LIST_LIMIT } from '../../../db/read/parameters.ts';
import { incidentId } from '../schemas/common.ts';
import { nothing } from '../schemas/instance.ts';
import {
  activeHooks,
  deliveryId,
  deliveryList,
  deliveryRetried,
  deliveryShown,
  deliveryState,
  hooksApplied,
  hookSet,
} from '../schemas/hooks.ts';

const tag = 'hooks';
const inPath = { id: { about: 'the id of the delivery', schema: deliveryId } };

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
  {
    method: 'GET',
    path: '/v1/incidents/:id/deliveries',
    action: 'incident.read',
    id: 'listIncidentDeliveries',
    tag,
    about: 'What was sent of what operators were told of an incident, in the order it was told.',
    inPath: { id: { about: 'of the incident', schema: incidentId } },
    query: {
      limit: { about: `how many at most, by default ${LIST_LIMIT}`, schema: z.int().min(1).max(LIST_LIMIT) },
      cursor: { about: 'from the Link of the page before', schema: z.string() },
    },
    responses: { 200: { about: 'one page', schema: deliveryList, paged: true } },
    problems: ['incident_not_found', 'validation_failed', 'unknown_field'],
  },
  {
    method: 'GET',
    path: '/v1/deliveries',
    action: 'delivery.read',
    id: 'listDeliveries',
    tag,
    about: 'What was sent to hooks, is on its way, or is dead; newest first.',
    query: {
      state: { about: 'only of this state', schema: deliveryState },
      limit: { about: `how many at most, by default ${LIST_LIMIT}`, schema: z.int().min(1).max(LIST_LIMIT) },
      cursor: { about: 'from the Link of the page before', schema: z.string() },
    },
    responses: { 200: { about: 'the deliveries', schema: deliveryList, paged: true } },
    problems: ['validation_failed', 'unknown_field'],
  },
  {
    method: 'GET',
    path: '/v1/deliveries/:id',
    action: 'delivery.read',
    id: 'getDelivery',
    tag,
    about: 'One delivery, with what is sent.',
    inPath,
    responses: { 200: { about: 'the delivery', schema: deliveryShown } },
    problems: ['delivery_not_found'],
  },
  {
    method: 'POST',
    path: '/v1/deliveries/:id/retry',
    action: 'delivery.retry',
    id: 'retryDelivery',
    tag,
    about: 'Has a dead delivery sent again.',
    inPath,
    headers: ['Idempotency-Key'],
    body: nothing,
    bodyOptional: true,
    responses: { 200: { about: 'it will be', schema: deliveryRetried } },
    problems: ['delivery_not_found', 'delivery_not_dead', 'idempotency_key_reused'],
  },
];
