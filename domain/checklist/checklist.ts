// A checklist is reviewed data: each step says what to do, by which command, what is expected, and what is kept as evidence.
import { z } from 'zod';

/** Contain first, then keep what shows what happened, then recover. */
export const PHASES = ['contain', 'evidence', 'recover'] as const;

const word = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);
const line = z.string().min(1).max(1024);

const step = z
  .strictObject({
    id: word,
    phase: z.enum(PHASES),
    do: line,
    /** Lines of shell; `$NAME` are the checklist's variables. Absent: something that only a person can do. */
    command: z.string().min(1).max(4096).optional(),
    /** Whatever the command ends with, a person says whether the step is done. */
    person: z.literal(true).optional(),
    expect: z
      .strictObject({
        /** Exit codes that are as expected; 0 where none are named. */
        exit: z.array(z.int().min(0).max(255)).min(1).optional(),
        /** A regular expression that the output has to match. */
        output: line.optional(),
        /** In words, for the person. */
        says: line,
      })
      .optional(),
    evidence: line,
  })
  .refine((s) => s.command === undefined || s.expect !== undefined, { path: ['expect'], error: 'required' });

const checklist = z.strictObject({
  name: word,
  title: line,
  rows: z.array(z.string().regex(/^S\d-\d{2,3}$/)).min(1),
  variables: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[A-Z][A-Z0-9_]{0,62}$/),
        about: line,
        default: z.string().max(1024).optional(),
      }),
    )
    .max(32)
    .default([]),
  steps: z.array(step).min(1).max(64),
});

export type Checklist = z.infer<typeof checklist>;
export type ChecklistStep = Checklist['steps'][number];

/** A checklist that is none; the message names the place. */
export class ChecklistError extends Error {
  override readonly name = 'ChecklistError';
  readonly code = 'checklist_invalid';
}

/** Errors: ChecklistError. */
export function parseChecklist(data: unknown): Checklist {
  const parsed = checklist.safeParse(data);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ChecklistError(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
  }
  const { variables, steps } = parsed.data;
  refuseRepeated(variables.map((v) => v.name));
  refuseRepeated(steps.map((s) => s.id));
  for (const { id, expect } of steps) {
    if (expect?.output !== undefined && !isPattern(expect.output))
      throw new ChecklistError(`${id}: the output is no pattern`);
  }
  return parsed.data;
}

function refuseRepeated(names: string[]): void {
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined) throw new ChecklistError(`${repeated} appears twice`);
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'm') instanceof RegExp;
  } catch {
    return false;
  }
}

/** Whether a command ended as its step expects. */
export const asExpected = ({ expect }: ChecklistStep, exit: number, output: string): boolean =>
  (expect?.exit ?? [0]).includes(exit) && (expect?.output === undefined || new RegExp(expect.output, 'm').test(output));

export const OUTCOMES = ['done', 'failed', 'skipped'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** `open`: something is left to do or failed; `done`: every step is done, or was skipped for a reason. */
export const standing = (steps: readonly ChecklistStep[], outcomes: ReadonlyMap<string, Outcome>): 'open' | 'done' =>
  steps.every(({ id }) => ['done', 'skipped'].includes(outcomes.get(id) ?? '')) ? 'done' : 'open';
