// What a class at a severity brings with it: which gates close, on which targets, and what recovery will ask for.
import type { ClassRule, ContainmentPolicy } from './policy.ts';
import { ACTION_GATE, EVERYTHING, SEVERITIES, severityRank } from './types.ts';
import type { Action, Gate, IncidentClass, Severity } from './types.ts';

export interface Consequence {
  severity: Severity;
  /** The class's in the order of its table, then what each level above its default adds, lowest level first. */
  actions: Action[];
  latched: boolean;
  require_ack: boolean;
  require_reattest: boolean;
  /** Some action closes a gate; an alert alone contains nothing. */
  auto_contained: boolean;
}

/** Whether a reported severity would weaken the class. */
export const isBelowDefault = (policy: ContainmentPolicy, cls: IncidentClass, severity: Severity): boolean =>
  severityRank(severity) > severityRank(policy.classes[cls].severity);

/** The consequence of `cls` at `severity`, at or above the class's default; below it the default's actions stand. */
export function consequence(policy: ContainmentPolicy, cls: IncidentClass, severity: Severity): Consequence {
  const rule = policy.classes[cls];
  const actions = actionsAt(policy, rule, severity);
  return {
    severity,
    actions,
    latched: rule.latched,
    require_ack: rule.latched || policy.ack_severities.includes(severity),
    require_reattest: rule.reattest || policy.reattest_severities.includes(severity),
    auto_contained: actions.some((action) => ACTION_GATE[action] !== null),
  };
}

function actionsAt(policy: ContainmentPolicy, rule: ClassRule, severity: Severity): Action[] {
  const actions = [...rule.actions];
  for (const level of SEVERITIES.toReversed()) {
    const isPassed = severityRank(level) < severityRank(rule.severity) && severityRank(level) >= severityRank(severity);
    if (!isPassed) continue;
    for (const added of [rule.raised_actions?.[level], policy.severity_actions[level]])
      for (const action of added ?? []) if (!actions.includes(action)) actions.push(action);
  }
  return actions;
}

export interface Targets {
  /** One per action; `*` is everything behind the gate. */
  targets: Partial<Record<Action, string>>;
  marks: string[];
}

/**
 * What each action holds, from the report's evidence: agent by `subject`, tool by `tool`, model by `model_digest`
 * (`sha256:` and 64 lowercase hex digits) or else `model_path`; airlock and vault are one thing each. Evidence that does
 * not say, or says it malformed, holds everything and leaves the mark `target_missing`.
 */
export function targetsOf(actions: readonly Action[], evidence: Readonly<Record<string, unknown>>): Targets {
  const targets: Targets['targets'] = {};
  let missing = false;
  for (const action of actions) {
    const gate = ACTION_GATE[action];
    const target = gate === null ? EVERYTHING : targetOf(gate, evidence);
    if (target === undefined) missing = true;
    targets[action] = target ?? EVERYTHING;
  }
  return { targets, marks: missing ? ['target_missing'] : [] };
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const SUBJECT_LENGTH = 256;
const TOOL_LENGTH = 256;
/** Bytes, not characters: a target is a column of keys, and the database bounds those by their size. */
const MODEL_PATH_BYTES = 1024;
const utf8 = new TextEncoder();

function targetOf(gate: Gate, evidence: Readonly<Record<string, unknown>>): string | undefined {
  switch (gate) {
    case 'agent':
      return name(evidence['subject'], SUBJECT_LENGTH);
    case 'tool':
      return name(evidence['tool'], TOOL_LENGTH);
    case 'model': {
      // A malformed digest beside a path is a doubt about which model is meant.
      const digest = evidence['model_digest'];
      if (digest === undefined) return path(evidence['model_path']);
      return typeof digest === 'string' && DIGEST.test(digest) ? digest : undefined;
    }
    case 'airlock':
    case 'vault':
      return EVERYTHING;
    default: {
      const unknown: never = gate;
      throw new Error(`unknown gate ${String(unknown)}`);
    }
  }
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** A hold must match what enforcement points ask for: no blank, no name with blanks around it, no wildcard. */
function name(value: unknown, longest: number): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > longest) return undefined;
  return value === EVERYTHING || value !== value.trim() || CONTROL.test(value) ? undefined : value;
}

function path(value: unknown): string | undefined {
  const found = name(value, MODEL_PATH_BYTES);
  return found === undefined || utf8.encode(found).length > MODEL_PATH_BYTES ? undefined : found;
}
