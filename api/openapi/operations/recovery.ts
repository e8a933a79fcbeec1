import { z } from 'zod';
import { LIST_LIMIT } from '../../../db/read/parameters.ts';
import type { Operation } from '../operation.ts';
import { setAnswer, setRequest } from '../schemas/incidents.ts';
import { acknowledged, ackRequest, reattested, reattestRequest, recoveryStatus } from '../schemas/recovery.ts';

const tag = 'recovery';

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/api/v1/recovery/status',
    action: 'incident.read',
    id: 'getRecoveryStatus',
    tag,
    about: 'The recoveries that are not complete, oldest first.',
    query: {
      limit: { about: `how many at most, by default ${LIST_LIMIT}`, schema: z.int().min(1).max(LIST_LIMIT) },
      cursor: { about: 'from the Link of the page before', schema: z.string() },
    },
    responses: { 200: { about: 'one page', schema: recoveryStatus, paged: true } },
    problems: ['unknown_field', 'validation_failed'],
  },
  {
    method: 'POST',
    path: '/api/v1/recovery/ack',
    action: 'recovery.ack',
    id: 'acknowledgeRecovery',
    tag,
    about: 'The acknowledgement of a ceremony, bound to the containment that stands.',
    headers: ['Idempotency-Key'],
    body: ackRequest,
    responses: { 200: { about: 'recorded', schema: acknowledged } },
    problems: [
      'incident_not_found',
      'already_resolved',
      'containment_changed',
      'idempotency_key_reused',
      'too_many_requests',
      'temporal_unreachable',
    ],
  },
  {
    method: 'POST',
    path: '/api/v1/recovery/reattest',
    action: 'recovery.reattest',
    id: 'reattestRecovery',
    tag,
    about: 'Takes a fresh quote of every node concerned and has it appraised. The latch stays in every refusal.',
    headers: ['Idempotency-Key'],
    body: reattestRequest,
    responses: { 200: { about: 'recorded', schema: reattested } },
    problems: [
      'incident_not_found',
      'already_resolved',
      'reattest_not_required',
      'appraisal_failed',
      'containment_changed',
      'occurrence_changed',
      'settlement_changed',
      'challenge_expired',
      'idempotency_key_reused',
      'too_many_requests',
      'temporal_unreachable',
      'attester_unreachable',
      'tpm_unavailable',
    ],
  },
  {
    method: 'POST',
    path: '/v1/recovery/ack-set',
    action: 'recovery.ack',
    id: 'acknowledgeRecoverySet',
    tag,
    about: 'One decision about the unacknowledged recoveries of a class, each judged by its own row.',
    headers: ['Idempotency-Key'],
    body: setRequest,
    responses: { 200: { about: 'how many it changed', schema: setAnswer } },
    problems: ['count_changed', 'idempotency_key_reused'],
  },
];
