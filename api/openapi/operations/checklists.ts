import type { Operation } from '../operation.ts';
import { checklists, stepName, stepOutcome, stepRecorded } from '../schemas/checklists.ts';
import { incidentId } from '../schemas/common.ts';

const tag = 'incidents';
const id = { about: 'of the incident', schema: incidentId };

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/v1/incidents/:id/checklists',
    action: 'incident.read',
    id: 'listChecklists',
    tag,
    about: 'The scenario checklists, and how the incident stands in each.',
    inPath: { id },
    responses: { 200: { about: 'every checklist with its steps', schema: checklists } },
    problems: ['incident_not_found'],
  },
  {
    method: 'POST',
    path: '/v1/incidents/:id/checklists/:checklist/:step',
    action: 'incident.checklist',
    id: 'recordChecklistStep',
    tag,
    about: 'Records what became of a step; taken again, the last one counts.',
    inPath: {
      id,
      checklist: { about: 'the name of the checklist', schema: stepName },
      step: { about: 'the id of the step', schema: stepName },
    },
    headers: ['Idempotency-Key'],
    body: stepOutcome,
    responses: { 201: { about: 'it is on record', schema: stepRecorded } },
    problems: ['incident_not_found', 'not_found', 'checklist_changed', 'idempotency_key_reused'],
  },
];
