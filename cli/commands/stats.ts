import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface Stats {
  total_incidents: number;
  open_incidents: number;
  contained_count: number;
  resolved_count: number;
  by_class: Record<string, number>;
  open_by_severity: Record<string, number>;
}

export const command = defineCommand({
  name: 'stats',
  about: 'Count incidents: ever, open, by class and by severity',
  run: async (_input, { client, out }) => {
    const { body } = await client.get<Stats>('/api/v1/stats');
    const { by_class, open_by_severity, ...totals } = body;
    const below = (name: string, counts: Record<string, number>) =>
      Object.entries(counts).map(([key, n]): [string, number] => [`${name}.${key}`, n]);
    out.answer(body, () =>
      out.facts([
        ...Object.entries(totals),
        ...below('by_class', by_class),
        ...below('open_by_severity', open_by_severity),
      ]),
    );
    return EXIT.done;
  },
});
