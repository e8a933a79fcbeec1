import type { IncidentAnswer } from '../answers.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { incidentFacts } from '../incidents.ts';

export const command = defineCommand({
  name: 'incident acknowledge',
  about: 'Say that somebody looks at an incident (triage)',
  notes: "It does not stand in for the ceremony's acknowledgement: that is `recovery ack`.",
  operands: { id: { about: 'the id of the incident' } },
  run: async ({ operands: { id } }, { client, out }) => {
    const { body } = await client.post<IncidentAnswer>('/api/v1/incidents/acknowledge', { id });
    out.answer(body, () => out.facts(incidentFacts(body)));
    return EXIT.done;
  },
});
