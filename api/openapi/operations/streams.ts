import type { Operation, Parameter } from '../operation.ts';
import { incidentId, text } from '../schemas/common.ts';
import { eventStream } from '../schemas/streams.ts';

const tag = 'events';

/** What all streams have in common. */
const stream = (path: string, id: string, about: string, problems: Operation['problems'] = []): Operation => ({
  method: 'GET',
  path,
  action: 'incident.read',
  id,
  tag,
  about: `${about} Without a place to start from it sends what is new.`,
  headers: ['Last-Event-ID'],
  query: {
    after: {
      about: 'sends what follows the entry of this id, from the first one for `start`; Last-Event-ID goes before it',
      schema: text(32),
    },
  },
  responses: {
    200: { about: 'the entries, as long as nobody ends it', schema: eventStream, type: 'text/event-stream' },
  },
  problems: ['validation_failed', 'unknown_field', 'too_many_requests', ...problems],
});

const ofIncident: Record<string, Parameter> = { id: { about: 'of the incident', schema: incidentId } };
const named = (what: string): Record<string, Parameter> => ({ id: { about: what, schema: text(256) } });

export const operations: Operation[] = [
  stream('/v1/events/stream', 'streamEvents', 'The ledger entries of the workspace as they come into the log.'),
  {
    ...stream('/v1/incidents/:id/stream', 'streamIncident', 'The entries of the timeline of an incident.', [
      'incident_not_found',
    ]),
    inPath: ofIncident,
  },
  {
    ...stream('/v1/runs/:id/stream', 'streamRun', 'The entries about a run.'),
    inPath: named('of the run'),
  },
  {
    ...stream(
      '/v1/subjects/:id/stream',
      'streamSubject',
      'The entries about a subject, about incidents that freeze it by name, and what adapters say of it.',
    ),
    inPath: named('the subject, as `agent:7`'),
  },
];
