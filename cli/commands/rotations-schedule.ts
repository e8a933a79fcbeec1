import { ROTATION_ROWS } from '../../domain/rotation/plan.ts';
import { defineCommand } from '../command.ts';
import { durationSeconds } from '../duration.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { scheduleFacts, SCHEDULES } from '../rotation-schedules.ts';
import type { ScheduleAnswer } from '../rotation-schedules.ts';

const NAME = 'rotations schedule';
const DAY = 86_400;

export const command = defineCommand({
  name: NAME,
  about: 'Have a credential or a key rotated every so many days',
  notes: 'The first time is one period from now. Said again it begins anew, with the new period.',
  operands: {
    row: { about: 'what is rotated', values: ROTATION_ROWS },
    subject: { about: 'which one, where there are several', optional: true },
  },
  flags: {
    every: { kind: 'text', value: 'DURATION', required: true, about: 'the cryptoperiod, in whole days: 90d' },
    overlap: { kind: 'text', value: 'DURATION', about: 'how long both work: 24h, 7d' },
  },
  run: async ({ operands: { row, subject }, flags: { every, overlap } }, { client, out }) => {
    const period = durationSeconds(every, 'every', NAME);
    if (period === 0 || period % DAY !== 0) throw new UsageError('--every takes whole days: 90d', NAME);
    const asked = {
      row,
      every_days: period / DAY,
      ...(subject === undefined ? {} : { subject }),
      ...(overlap === undefined ? {} : { overlap_seconds: durationSeconds(overlap, 'overlap', NAME) }),
    };
    const { body } = await client.post<ScheduleAnswer>(SCHEDULES, asked);
    out.answer(body, () => out.facts(scheduleFacts(body)));
    return EXIT.done;
  },
});
