import { z } from 'zod';
import { ROTATION_ROWS, STEPS } from '../../../domain/rotation/plan.ts';
import { named } from '../registry.ts';
import { count, instant, text } from './common.ts';

export const rotationId = named('RotationId', z.string().regex(/^ROT-\d{8}-[0-9a-f]{8}$/));
const row = named('RotationRow', z.enum(ROTATION_ROWS));
const step = named('RotationStep', z.enum(STEPS));
const seconds = z.int().min(0);

export const rotationRequest = named(
  'RotationRequest',
  z.strictObject({
    row,
    subject: text(256).optional().describe('which one of its row, where there are several'),
    overlap_seconds: seconds
      .optional()
      .describe('how long both work; none where that cannot be, or where it is compromised'),
    compromised: z.boolean().optional().describe('the old one is known to others: it never comes back'),
    dry_run: z.boolean().optional().describe('only says what is missing'),
    reason: text(1024),
    ticket: text(256).optional(),
  }),
);

const members = {
  rotation_id: rotationId,
  row,
  subject: z.string().nullable(),
  state: z.enum(['running', 'undoing', 'completed', 'undone', 'failed']),
  step: step.nullable().describe('what is taken next'),
  dry_run: z.boolean(),
  compromised: z.boolean(),
  overlap_seconds: seconds,
  overlap_until: instant.nullable(),
  staged_at: instant.nullable(),
  cut_over_at: instant.nullable(),
  new_proved_at: instant.nullable(),
  old_proved_at: instant.nullable(),
  attempts: count,
  next_attempt_at: instant.nullable(),
  failed_step: step.nullable(),
  failure: z.string().nullable(),
  reason: z.string(),
  ticket: z.string().nullable(),
  requested_by: z.string(),
  on_behalf_of: z.string().nullable(),
  created_at: instant,
  finished_at: instant.nullable(),
};

export const rotation = named('Rotation', z.object(members));
export const rotationList = named('RotationList', z.array(rotation));

const taken = z.object({
  at: instant,
  step,
  undo: z.boolean(),
  outcome: z.enum(['done', 'more', 'failed', 'abandoned']),
  code: z.string().nullable(),
  evidence: z.record(z.string(), z.unknown()).describe('what shows it: status codes, versions, digests'),
});
export const rotationWithSteps = named('RotationWithSteps', z.object({ ...members, steps: z.array(taken) }));
export const rotationAbandoned = named('RotationAbandoned', z.object({ status: z.literal('abandoned') }));
export const rotationAbandonment = named('RotationAbandonment', z.strictObject({ reason: text(1024) }));

const of = { row, subject: text(256).optional().describe('which one of its row, where there are several') };
export const scheduleRequest = named(
  'RotationScheduleRequest',
  z.strictObject({
    ...of,
    every_days: z.int().min(1).max(3650).describe('the cryptoperiod'),
    overlap_seconds: seconds.optional().describe('how long both work; none where that cannot be'),
  }),
);
export const scheduleRemoval = named('RotationScheduleRemoval', z.strictObject(of));
export const scheduleRemoved = named('RotationScheduleRemoved', z.object({ status: z.literal('unscheduled') }));

export const schedule = named(
  'RotationSchedule',
  z.object({
    schedule_id: z.string().regex(/^RSC-[0-9a-f]{16}$/),
    row,
    subject: z.string().nullable(),
    every_days: count,
    overlap_seconds: seconds,
    next_due_at: instant,
    overdue: z.boolean().describe('it should have been opened more than a minute ago'),
    last_rotation_id: rotationId.nullable(),
    failure: z.string().nullable().describe('why what is due could not be opened'),
    failing_since: instant.nullable(),
    scheduled_by: z.string(),
    on_behalf_of: z.string().nullable(),
    created_at: instant,
  }),
);
export const scheduleList = named('RotationScheduleList', z.array(schedule));
