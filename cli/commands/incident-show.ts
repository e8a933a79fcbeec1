import type { IncidentAnswer } from '../answers.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { incidentFacts } from '../incidents.ts';

export const command = defineCommand({
  name: 'incident show',
  about: 'Show one incident: evidence, containment, who decided what',
  operands: { id: { about: 'the id of the incident, INC-…' } },
  run: async ({ operands: { id } }, { client, out }) => {
    const { body } = await client.get<IncidentAnswer>('/api/v1/incidents/get', { query: { id } });
    out.answer(body, () => out.facts(incidentFacts(body)));
    return EXIT.done;
  },
});
