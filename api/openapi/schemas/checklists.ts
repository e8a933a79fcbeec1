import { z } from 'zod';
import { OUTCOMES, PHASES } from '../../../domain/checklist/checklist.ts';
import { named } from '../registry.ts';
import { count, digest, instant, text } from './common.ts';

const outcome = named('ChecklistOutcome', z.enum(OUTCOMES));
export const stepName = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);

const step = z.object({
  id: stepName,
  phase: z.enum(PHASES),
  do: z.string(),
  command: z.string().optional().describe('shell; what stands in it as $NAME are the variables'),
  person: z.literal(true).optional().describe('a person says whether it is done'),
  expect: z
    .object({ exit: z.array(count).optional(), output: z.string().optional(), says: z.string() })
    .optional()
    .describe('exit codes (else 0), a regular expression, and both in words'),
  evidence: z.string(),
  taken: z
    .object({
      outcome,
      n: count,
      note: z.string().nullable(),
      exit_code: count.nullable(),
      output_sha256: digest.nullable(),
      at: instant,
      by: z.string(),
      on_behalf_of: z.string().nullable(),
    })
    .nullable()
    .describe('the last time it was taken'),
});

export const checklists = named(
  'Checklists',
  z.array(
    z.object({
      name: stepName,
      title: z.string(),
      rows: z.array(z.string()),
      digest,
      state: z.enum(['untouched', 'open', 'done']),
      taken: count,
      variables: z.array(z.object({ name: z.string(), about: z.string(), default: z.string().optional() })),
      steps: z.array(step),
    }),
  ),
);

export const stepOutcome = named(
  'ChecklistStepOutcome',
  z.strictObject({
    digest: digest.describe('of the checklist as it was read; another one is refused'),
    outcome,
    note: text(1024).optional().describe('required unless it is done'),
    exit_code: z.int().min(0).max(255).optional(),
    output_sha256: digest.optional(),
  }),
);

export const stepRecorded = named(
  'ChecklistStepRecorded',
  z.object({ step: stepName, outcome, n: count, at: instant }),
);
