import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface Health {
  status: string;
  open_incidents: number;
  total_incidents: number;
}

export const command = defineCommand({
  name: 'health',
  about: 'Show how many incidents are open',
  notes: 'Exit code 0 when none is open, 1 when some are: the instance works degraded.',
  run: async (_input, { client, out }) => {
    const { body } = await client.get<Health>('/health');
    const { status, open_incidents, total_incidents } = body;
    out.answer(body, () => out.facts(Object.entries({ status, open_incidents, total_incidents })));
    return status === 'ok' && open_incidents === 0 ? EXIT.done : EXIT.no;
  },
});
