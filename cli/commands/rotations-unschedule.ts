import { ROTATION_ROWS } from '../../domain/rotation/plan.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { SCHEDULES } from '../rotation-schedules.ts';

export const command = defineCommand({
  name: 'rotations unschedule',
  about: 'End the schedule of a rotation',
  notes: 'A rotation that it has opened goes on.',
  operands: {
    row: { about: 'what was rotated', values: ROTATION_ROWS },
    subject: { about: 'which one, where there are several', optional: true },
  },
  run: async ({ operands: { row, subject } }, { client, out }) => {
    const asked = { row, ...(subject === undefined ? {} : { subject }) };
    const { body } = await client.post<{ status: string }>(`${SCHEDULES}/remove`, asked);
    out.answer(body, () => out.facts([['status', body.status]]));
    return EXIT.done;
  },
});
