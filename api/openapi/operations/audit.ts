import { z } from 'zod';
import { LIST_LIMIT } from '../../../db/read/parameters.ts';
import type { Operation, Parameter } from '../operation.ts';
import { auditEvents } from '../schemas/audit.ts';
import { incidentId, text } from '../schemas/common.ts';
import { ledgerEntries } from '../schemas/ledger.ts';

const tag = 'audit';

const limit: Parameter = {
  about: `how many at most, by default ${LIST_LIMIT}`,
  schema: z.int().min(1).max(LIST_LIMIT),
};
const cursor: Parameter = { about: 'from the Link of the page before', schema: z.string() };

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/v1/incidents/:id/timeline',
    action: 'incident.read',
    id: 'getTimeline',
    tag,
    about:
      'The entries about an incident, its holds and its escalation, and those that name it, in the order of the log. What is listed once stays as it is.',
    inPath: { id: { about: 'of the incident', schema: incidentId } },
    query: { limit, cursor },
    responses: { 200: { about: 'one page', schema: ledgerEntries, paged: true } },
    problems: ['incident_not_found', 'validation_failed', 'unknown_field', 'ledger_unpublished'],
  },
  {
    method: 'GET',
    path: '/v1/audit',
    action: 'incident.read',
    id: 'listAudit',
    tag,
    about: 'Who did what to what, newest first.',
    query: {
      since: { about: 'RFC 3339, or so long before now: `7d`, `12h`, `30m`', schema: text(64) },
      until: { about: 'the same; entries before it', schema: text(64) },
      actor: { about: 'only by this actor', schema: text(2048) },
      action: { about: 'only this action', schema: text(2048) },
      entity: { about: 'only about this `<type>/<id>`', schema: text(2048) },
      limit,
      cursor,
    },
    responses: { 200: { about: 'one page', schema: auditEvents, paged: true } },
    problems: ['validation_failed', 'unknown_field'],
  },
];
