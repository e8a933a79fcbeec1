// An adapter is described exactly or not at all: what it is told, where, and by which secret it knows us.
import { ACTION_GATE, ACTIONS, isIncidentClass } from '../containment/types.ts';
import type { Action, Gate, IncidentClass } from '../containment/types.ts';
import type { FieldProblem } from '../problem/field-problem.ts';
import { childProblems } from './child-definition.ts';
import type { ChildCommand } from './child.ts';
import { parseSecretRef } from '../secret/secret-ref.ts';

export interface AdapterSecret {
  ref: string;
  previous_ref?: string;
}

interface Common {
  actions: Action[];
  /** What it may report by calling in; nothing unless said. */
  classes: IncidentClass[];
}

/** An endpoint that someone runs. */
export interface ExternalDefinition extends Common {
  mode: 'external';
  url: string;
  secret: AdapterSecret;
  internal: boolean;
}

/** A command that we run. Without a secret it does not call in. */
export interface ChildDefinition extends Common, ChildCommand {
  mode: 'child_process';
  secret?: AdapterSecret;
}

export type AdapterDefinition = ExternalDefinition | ChildDefinition;

export const ADAPTER_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

const COMMON_FIELDS = ['mode', 'actions', 'secret', 'classes'];
const FIELDS = {
  external: [...COMMON_FIELDS, 'url', 'internal'],
  child_process: [...COMMON_FIELDS, 'command', 'args', 'credential_slots'],
};
const MAX_URL = 2048;

/** The gates behind a set of actions. */
export const gatesOf = (actions: readonly Action[]): Gate[] => [
  ...new Set(actions.map((a) => ACTION_GATE[a]).filter((g) => g !== null)),
];

/** The definition that plain data describes, or every field that is wrong. */
export function parseDefinition(
  raw: unknown,
): { ok: true; definition: AdapterDefinition } | { ok: false; fields: FieldProblem[] } {
  if (!isObject(raw)) return { ok: false, fields: [{ path: '', code: 'invalid_type' }] };
  const mode = raw['mode'] === 'child_process' ? 'child_process' : 'external';
  const fields: FieldProblem[] = [
    ...problem('mode', raw['mode'] === undefined ? 'required' : raw['mode'] === mode ? null : 'invalid_value'),
    ...unknownFields(raw, FIELDS[mode], ''),
    ...(mode === 'external' ? externalProblems(raw) : childProblems(raw)),
    ...problem('actions', actionsProblem(raw['actions'])),
    ...(mode === 'child_process' && raw['secret'] === undefined ? [] : secretProblems(raw['secret'])),
    ...problem('classes', classesProblem(raw['classes'])),
  ];
  if (fields.length > 0) return { ok: false, fields };
  // Nothing was found wrong, so what is given is what the checks above asked for.
  const definition = { ...DEFAULTS[mode], ...raw } as unknown as AdapterDefinition;
  return { ok: true, definition };
}

const DEFAULTS = {
  external: { internal: false, classes: [] },
  child_process: { args: [], credential_slots: [], classes: [] },
};

function externalProblems(raw: Record<string, unknown>): FieldProblem[] {
  const { internal } = raw;
  return [
    ...problem('url', urlProblem(raw['url'])),
    ...problem('internal', internal === undefined || typeof internal === 'boolean' ? null : 'invalid_type'),
  ];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const problem = (path: string, code: string | null): FieldProblem[] => (code === null ? [] : [{ path, code }]);

const unknownFields = (value: Record<string, unknown>, known: string[], prefix: string): FieldProblem[] =>
  Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => ({ path: `${prefix}${key.slice(0, 64)}`, code: 'unknown_field' }));

/** http or https, without the parts that would hide a credential or mean nothing to a server. */
function urlProblem(value: unknown): string | null {
  if (value === undefined) return 'required';
  if (typeof value !== 'string') return 'invalid_type';
  if (value.length > MAX_URL) return 'too_long';
  const url = URL.parse(value);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return 'invalid_value';
  if (url.username !== '' || url.password !== '') return 'inline_secret';
  return url.hash === '' ? null : 'invalid_value';
}

function actionsProblem(value: unknown): string | null {
  if (value === undefined) return 'required';
  if (!Array.isArray(value) || value.length === 0) return 'invalid_type';
  const known = value.every((a) => ACTIONS.includes(a as Action) && ACTION_GATE[a as Action] !== null);
  if (!known) return 'unknown_action';
  return new Set(value).size === value.length ? null : 'repeated';
}

function classesProblem(value: unknown): string | null {
  if (value === undefined) return null;
  if (!Array.isArray(value)) return 'invalid_type';
  if (!value.every(isIncidentClass)) return 'unknown_class';
  return new Set(value).size === value.length ? null : 'repeated';
}

/** A value where a reference belongs is refused as what it is, so that nobody keeps one in a definition. */
function secretProblems(value: unknown): FieldProblem[] {
  if (value === undefined) return problem('secret', 'required');
  if (typeof value === 'string') return problem('secret', 'inline_secret');
  if (!isObject(value)) return problem('secret', 'invalid_type');
  if ('value' in value) return problem('secret.value', 'inline_secret');
  const { ref, previous_ref } = value;
  return [
    ...unknownFields(value, ['ref', 'previous_ref'], 'secret.'),
    ...problem('secret.ref', ref === undefined ? 'required' : refProblem(ref)),
    ...problem('secret.previous_ref', previous_ref === undefined ? null : refProblem(previous_ref)),
  ];
}

const refProblem = (value: unknown): string | null =>
  typeof value !== 'string' ? 'invalid_type' : parseSecretRef(value) === null ? 'inline_secret' : null;
