import { isOfTheInstance, isRotationRow } from '../domain/rotation/plan.ts';
import type { RotationRow } from '../domain/rotation/plan.ts';
import type { Caller } from '../db/command/caller.ts';
import { requireInstance } from './instance.ts';

/** Seconds that the old and the new may both work, at most. */
export const LONGEST_OVERLAP = 90 * 24 * 3600;
/** Days from one rotation to the next, at most. */
export const LONGEST_PERIOD = 3650;

const wholeWithin = (value: unknown, least: number, most: number): string | null => {
  if (!Number.isInteger(value)) return 'invalid_type';
  return Number(value) >= least && Number(value) <= most ? null : 'invalid_value';
};

export const overlapProblem = (value: unknown): string | null =>
  value === undefined ? null : wholeWithin(value, 0, LONGEST_OVERLAP);

export const periodProblem = (value: unknown): string | null =>
  value === undefined ? 'required' : wholeWithin(value, 1, LONGEST_PERIOD);

export const rowProblem = (value: unknown): string | null => {
  if (value === undefined) return 'required';
  return isRotationRow(value) ? null : 'invalid_value';
};

/** A row that was checked, which the caller may decide about. Errors: not_permitted. */
export function permittedRow(row: unknown, caller: Caller): RotationRow {
  if (!isRotationRow(row)) throw new Error('a row that was checked is none');
  if (isOfTheInstance(row)) requireInstance(caller);
  return row;
}
