import type { Operation } from '../operation.ts';
import { z } from 'zod';
import { available, diagnosis, document, health, nothing, reloaded, status, unavailable } from '../schemas/instance.ts';

const tag = 'instance';

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/health',
    action: 'open',
    id: 'getHealth',
    tag,
    about: 'How much is open in the whole instance.',
    responses: { 200: { about: 'the counts', schema: health } },
  },
  {
    method: 'GET',
    path: '/healthz',
    action: 'open',
    id: 'getLiveness',
    tag,
    about: 'Whether this process has what it cannot work without.',
    responses: {
      200: { about: 'it has', schema: available },
      503: { about: 'what is missing', schema: unavailable },
    },
  },
  {
    method: 'GET',
    path: '/readyz',
    action: 'open',
    id: 'getReadiness',
    tag,
    about: 'Whether the instance can handle an incident from report to resolution.',
    responses: {
      200: { about: 'it can', schema: available },
      503: { about: 'what is missing', schema: unavailable },
    },
  },
  {
    method: 'GET',
    path: '/openapi.json',
    action: 'open',
    id: 'getOpenApi',
    tag,
    about: 'This document.',
    responses: { 200: { about: 'OpenAPI 3.1', schema: document } },
  },
  {
    method: 'GET',
    path: '/v1/status',
    action: 'status.read',
    id: 'getStatus',
    tag,
    about: 'Everything the instance knows of itself.',
    responses: { 200: { about: 'the status', schema: status } },
  },
  {
    method: 'GET',
    path: '/v1/doctor',
    action: 'doctor.run',
    id: 'getDiagnosis',
    tag,
    about: 'Looks now at everything the server can look at from its side; a check that cannot run has failed.',
    query: { only: { about: 'the parts of the installation alone', schema: z.enum(['components']) } },
    responses: { 200: { about: 'what was found, also when it is bad', schema: diagnosis } },
  },
  {
    method: 'POST',
    path: '/api/v1/reload',
    action: 'policy.reload',
    id: 'reloadPolicy',
    tag,
    about:
      'Puts the reviewed containment policy and upstreams into force; a file that does not parse strictly changes nothing.',
    body: nothing,
    bodyOptional: true,
    responses: { 200: { about: 'what is in force', schema: reloaded } },
    problems: ['policy_invalid', 'upstreams_invalid'],
  },
];
