import { z } from 'zod';
import { LIST_LIMIT } from '../../../db/read/parameters.ts';
import type { Operation, Parameter } from '../operation.ts';
import { incidentId, text } from '../schemas/common.ts';
import {
  callerView,
  evidence,
  evidenceList,
  evidenceTaken,
  histories,
  history,
  notifications,
} from '../schemas/evidence.ts';

const tag = 'evidence';
const inPath = { id: { about: 'of the incident', schema: incidentId } };
const page: Record<string, Parameter> = {
  limit: { about: `how many at most, by default ${LIST_LIMIT}`, schema: z.int().min(1).max(LIST_LIMIT) },
  cursor: { about: 'from the Link of the page before', schema: z.string() },
};
const refusals = ['incident_not_found', 'validation_failed', 'unknown_field'] as const;

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/v1/incidents/:id/histories',
    action: 'evidence.read',
    id: 'listHistories',
    tag,
    about:
      'The Temporal histories that were stored when the processes of an incident closed, run by run, and those that were lost.',
    inPath,
    query: page,
    responses: { 200: { about: 'one page', schema: histories, paged: true } },
    problems: [...refusals],
  },
  {
    method: 'GET',
    path: '/v1/incidents/:id/history',
    action: 'evidence.read',
    id: 'getHistory',
    tag,
    about:
      'The stored history of one run, as `temporal workflow show --output json` prints it, byte for byte what its digest is of.',
    inPath,
    query: {
      workflow_id: { about: 'from the list', schema: text(512), required: true },
      run_id: { about: 'from the list', schema: text(512), required: true },
    },
    responses: { 200: { about: 'the history, streamed; one that is not what was stored breaks off', schema: history } },
    problems: [...refusals, 'history_not_found', 'blob_unreadable'],
  },
  {
    method: 'GET',
    path: '/v1/incidents/:id/notifications',
    action: 'incident.read',
    id: 'listIncidentNotifications',
    tag,
    about: 'What operators were told of an incident, oldest first.',
    inPath,
    query: page,
    responses: { 200: { about: 'one page', schema: notifications, paged: true } },
    problems: [...refusals],
  },
  {
    method: 'POST',
    path: '/v1/incidents/:id/evidence',
    action: 'evidence.collect',
    id: 'collectEvidence',
    tag,
    about: 'Records that the evidence of an incident was collected, and which it was: the entry `evidence_collected`.',
    inPath,
    headers: ['Idempotency-Key'],
    body: evidence,
    responses: { 201: { about: 'on record', schema: evidenceTaken } },
    problems: ['incident_not_found', 'idempotency_key_reused'],
  },
  {
    method: 'GET',
    path: '/v1/incidents/:id/evidence',
    action: 'evidence.read',
    id: 'listEvidence',
    tag,
    about: 'Who collected the evidence of an incident, and when, newest first.',
    inPath,
    query: page,
    responses: { 200: { about: 'one page', schema: evidenceList, paged: true } },
    problems: [...refusals],
  },
  {
    method: 'GET',
    path: '/v1/caller',
    action: 'status.read',
    id: 'getCaller',
    tag: 'instance',
    about: 'Who the caller is to this server.',
    responses: { 200: { about: 'the caller', schema: callerView } },
    problems: ['unknown_field'],
  },
];
