import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { rotationTable } from '../rotations.ts';
import { overdueLines, SCHEDULES } from '../rotation-schedules.ts';
import type { ScheduleAnswer } from '../rotation-schedules.ts';
import type { RotationAnswer } from '../rotations.ts';

export const command = defineCommand({
  name: 'rotations list',
  about: 'List rotations, newest first, and say what is overdue by its schedule',
  flags: { limit: { kind: 'integer', about: 'how many at most' } },
  run: async ({ flags: { limit } }, { client, out }) => {
    const query = limit === undefined ? {} : { limit: String(limit) };
    const { body, next } = await client.get<RotationAnswer[]>('/v1/rotations', { query });
    out.answer(body, () => rotationTable(out, body));
    const schedules = await client.get<ScheduleAnswer[]>(SCHEDULES);
    for (const line of overdueLines(schedules.body)) out.note(line);
    if (next !== undefined) out.note('there are more');
    return EXIT.done;
  },
});
