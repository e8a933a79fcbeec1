// An emergency override is one person's, for one export and at most an hour, under a ticket; a second person looks at it afterwards.
import type { FieldProblem } from '../problem/field-problem.ts';

/** Seconds that an override may stand. */
export const OVERRIDE_SECONDS = { least: 1, most: 60 * 60 } as const;

/** Hours in which a second person reviews it. */
export const REVIEW_HOURS = 24;

export const OVERRIDE_ID = /^OVR-\d{8}-[0-9a-f]{16}$/;

export const OVERRIDE_ENDS = ['spent', 'cleared', 'expired'] as const;
export type OverrideEnd = (typeof OVERRIDE_ENDS)[number];

/** What is wrong with the time that is asked for, or null. */
export function overrideProblem(seconds: unknown): FieldProblem | null {
  if (seconds === undefined) return { path: 'for_seconds', code: 'required' };
  if (typeof seconds !== 'number') return { path: 'for_seconds', code: 'invalid_type' };
  const { least, most } = OVERRIDE_SECONDS;
  if (!Number.isInteger(seconds) || seconds < least) return { path: 'for_seconds', code: 'invalid_value' };
  return seconds > most ? { path: 'for_seconds', code: 'too_long' } : null;
}

/**
 * Why somebody's review does not count, or null. Whoever opened it does not review it, unless they are the one person there
 * is and type its id.
 */
export function reviewRefusal(
  { opened_by, id }: { opened_by: string; id: string },
  by: { actor: string; single_operator: boolean; confirm?: string | undefined },
): 'reviewer_opened_it' | 'confirmation_required' | null {
  if (by.single_operator) return by.confirm === id ? null : 'confirmation_required';
  return by.actor === opened_by ? 'reviewer_opened_it' : null;
}
