import { isSha256Hex } from '../domain/canonical/hash.ts';
import { DomainError, fieldsProblem } from '../domain/problem/problem.ts';
import type { FieldProblem } from '../domain/problem/field-problem.ts';
import { childPath } from '../domain/json/path.ts';

/** Refuses a request for its fields; the code is the one they share, or `validation_failed`. */
export function invalidFields(...fields: FieldProblem[]): never {
  throw new DomainError(fieldsProblem(fields).code, { fields });
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

export interface TextRule {
  /** UTF-8 bytes. */
  max: number;
  /** Free text may span lines; names may not contain control characters. */
  multiline?: boolean;
}

/** The code of what is wrong with a required text, or null. Blank text counts as absent. */
export function textProblem(value: unknown, { max, multiline = false }: TextRule): string | null {
  if (value === undefined) return 'required';
  if (typeof value !== 'string') return 'invalid_type';
  if (value.trim() === '') return 'required';
  if (Buffer.byteLength(value) > max) return 'too_long';
  if (!multiline && CONTROL.test(value)) return 'control_character';
  return null;
}

/** The code of what is wrong with a value that is no text, or null. */
export type ValueRule = (value: unknown) => string | null;

/** A checked body: `required`, `optional` and `values` are rules per field, anything else is an unknown field. */
export function readFields<R extends string, O extends string, V extends string = never>(
  body: unknown,
  rules: { required: Record<R, TextRule>; optional: Record<O, TextRule>; values?: Record<V, ValueRule> },
): Record<R, string> & Partial<Record<O, string>> & Record<V, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    invalidFields({ path: '', code: 'invalid_type' });
  const given = body as Record<string, unknown>;
  const known: Record<string, TextRule> = { ...rules.required, ...rules.optional };
  const values: Record<string, ValueRule> = rules.values ?? {};
  const problems: FieldProblem[] = Object.keys(given)
    .filter((key) => !Object.hasOwn(known, key) && !Object.hasOwn(values, key))
    .map((key) => ({ path: childPath('', key), code: 'unknown_field' }));
  for (const [path, rule] of Object.entries(known)) {
    if (given[path] === undefined && Object.hasOwn(rules.optional, path)) continue;
    const code = textProblem(given[path], rule);
    if (code !== null) problems.push({ path, code });
  }
  for (const [path, problemOf] of Object.entries(values)) {
    const code = problemOf(given[path]);
    if (code !== null) problems.push({ path, code });
  }
  if (problems.length > 0) invalidFields(...problems);
  return given as Record<R, string> & Partial<Record<O, string>> & Record<V, unknown>;
}

/** A hex SHA-256 digest that need not be given. */
export function optionalDigestProblem(value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value !== 'string') return 'invalid_type';
  return isSha256Hex(value) ? null : 'invalid_value';
}

/** The id of an incident. */
export const ID: TextRule = { max: 64 };

/** The name of a node or of a baseline. */
export const NAME: TextRule = { max: 63 };

/** Why something was decided, and the ticket that called for it: both go into signed versions. */
export const REASON: TextRule = { max: 1024, multiline: true };
export const TICKET: TextRule = { max: 256 };
