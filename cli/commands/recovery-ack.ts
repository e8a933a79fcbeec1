import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';
import { missingFacts, requirementOf } from '../recovery.ts';

export const command = defineCommand({
  name: 'recovery ack',
  about: 'Acknowledge an incident: reviewed, cause found, responsibility taken',
  notes:
    'The acknowledgement is bound to the containment that recovery status shows; it is refused when that has changed meanwhile.',
  operands: { id: { about: 'the id of the incident' } },
  flags: {
    operator: {
      kind: 'text',
      value: 'WHO',
      required: true,
      about: 'who acknowledges, as it is to stand in the record',
    },
    note: { kind: 'text', about: 'what the review found' },
  },
  run: async ({ operands: { id }, flags: { operator, note } }, { client, out }) => {
    // An incident that is not listed needs no ceremony, or has all of it: it has no binding to read and none to lose.
    const requirement = await requirementOf(client, id);
    const ack = {
      incident_id: id,
      operator,
      ...(note === undefined ? {} : { note }),
      ...(requirement === undefined ? {} : { containment_binding: requirement.containment_binding }),
    };
    const sent = client.post<{ status: string }>('/api/v1/recovery/ack', ack);
    const { body } = await withProgress(out.progress, 'acknowledging', sent);
    const missing = out.json ? [] : await missingFacts(client, id);
    out.answer(body, () => out.facts([['status', body.status], ...missing]));
    return EXIT.done;
  },
});
