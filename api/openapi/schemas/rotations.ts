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
