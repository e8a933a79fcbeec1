import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface QuarantinedModel {
  target: string;
  hold_id: string;
  incident_id: string;
  incident_state: string;
  since: string;
  release_granted_at: string | null;
}

export const command = defineCommand({
  name: 'model list',
  about: 'List the quarantined models',
  run: async (_input, { client, out }) => {
    const { body } = await client.get<QuarantinedModel[]>('/v1/models');
    out.answer(body, () =>
      out.table(
        body,
        [
          { head: 'TARGET', cell: (m) => m.target },
          { head: 'INCIDENT', cell: (m) => m.incident_id },
          { head: 'STATE', cell: (m) => m.incident_state },
          { head: 'SINCE', cell: (m) => m.since },
          { head: 'RELEASE GRANTED', cell: (m) => m.release_granted_at },
        ],
        'no model is quarantined',
      ),
    );
    return EXIT.done;
  },
});
