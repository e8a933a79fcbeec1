import type { IncidentAnswer } from '../answers.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { incidentFacts } from '../incidents.ts';
import { withProgress } from '../output/progress.ts';

export const command = defineCommand({
  name: 'incident resolve',
  about: 'Resolve an incident and release its holds',
  notes: 'A latched or critical incident resolves only when its recovery is complete; exit code 4 until then.',
  operands: { id: { about: 'the id of the incident' } },
  run: async ({ operands: { id } }, { client, out }) => {
    const sent = client.post<IncidentAnswer>('/api/v1/incidents/resolve', { id });
    const { body } = await withProgress(out.progress, 'resolving', sent);
    out.answer(body, () => out.facts(incidentFacts(body)));
    return EXIT.done;
  },
});
