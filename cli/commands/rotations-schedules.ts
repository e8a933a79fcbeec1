import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { SCHEDULES, scheduleTable } from '../rotation-schedules.ts';
import type { ScheduleAnswer } from '../rotation-schedules.ts';

export const command = defineCommand({
  name: 'rotations schedules',
  about: 'List what is rotated by a schedule, and what is overdue',
  flags: { limit: { kind: 'integer', about: 'how many at most' } },
  run: async ({ flags: { limit } }, { client, out }) => {
    const query = limit === undefined ? {} : { limit: String(limit) };
    const { body, next } = await client.get<ScheduleAnswer[]>(SCHEDULES, { query });
    out.answer(body, () => scheduleTable(out, body));
    if (next !== undefined) out.note('there are more');
    return EXIT.done;
  },
});
