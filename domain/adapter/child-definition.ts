// What is run as an adapter is named exactly: an absolute path, its arguments, and where each credential is put.
import type { FieldProblem } from '../problem/field-problem.ts';
import { isSlotName } from '../secret/slot.ts';

const MAX_COMMAND = 1024;
const MAX_ARGS = 64;
const MAX_ARG = 4096;
const MAX_SLOTS = 16;
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Ours are configuration; those of the loader and of runtimes would have a reviewed command run something else. */
const VARIABLE = /^(?!INTERLOCK_|LD_|DYLD_|NODE_|PYTHON|BASH_|ENV$|PATH$|IFS$)[A-Z_][A-Z0-9_]{0,127}$/;

/** The fields of a child's definition that are wrong. */
export const childProblems = (raw: Record<string, unknown>): FieldProblem[] => [
  ...problem('command', commandProblem(raw['command'])),
  ...problem('args', argsProblem(raw['args'])),
  ...slotsProblems(raw['credential_slots']),
];

const problem = (path: string, code: string | null): FieldProblem[] => (code === null ? [] : [{ path, code }]);

function commandProblem(value: unknown): string | null {
  if (value === undefined) return 'required';
  if (typeof value !== 'string') return 'invalid_type';
  if (value.length > MAX_COMMAND) return 'too_long';
  const parts = value.split('/');
  const exact = value.startsWith('/') && parts.slice(1).every((part) => part !== '' && part !== '.' && part !== '..');
  return exact && !CONTROL.test(value) ? null : 'invalid_value';
}

function argsProblem(value: unknown): string | null {
  if (value === undefined) return null;
  if (!Array.isArray(value) || !value.every((arg) => typeof arg === 'string')) return 'invalid_type';
  if (value.length > MAX_ARGS || value.some((arg) => arg.length > MAX_ARG)) return 'too_long';
  return value.some((arg) => arg.includes('\u0000') || !arg.isWellFormed()) ? 'unrepresentable' : null;
}

function slotsProblems(value: unknown): FieldProblem[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return problem('credential_slots', 'invalid_type');
  if (value.length > MAX_SLOTS) return problem('credential_slots', 'too_long');
  const wrong = value.flatMap((entry: unknown, i) => slotProblems(entry, `credential_slots[${i}]`));
  if (wrong.length > 0) return wrong;
  const names = value.map((entry: { env: string }) => entry.env);
  return problem('credential_slots', new Set(names).size === names.length ? null : 'repeated');
}

function slotProblems(entry: unknown, path: string): FieldProblem[] {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return problem(path, 'invalid_type');
  const { slot, env, ...others } = entry as Record<string, unknown>;
  return [
    ...Object.keys(others).map((key) => ({ path: `${path}.${key.slice(0, 64)}`, code: 'unknown_field' })),
    ...problem(`${path}.slot`, typeof slot === 'string' && isSlotName(slot) ? null : 'invalid_value'),
    ...problem(`${path}.env`, typeof env === 'string' && VARIABLE.test(env) ? null : 'invalid_value'),
  ];
}
