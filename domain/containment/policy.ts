// The containment policy is complete and exact or refused: a typing error must not leave a gate open.
import { z } from 'zod';
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { jsonPath } from '../json/path.ts';
import { APPROVER_ROLES, DEFAULT_RULE } from '../export/quorum.ts';
import type { ExportRule } from '../export/quorum.ts';
import type { FieldProblem } from '../problem/field-problem.ts';
import { ACTIONS, CLASSES, SEVERITIES, severityRank } from './types.ts';

export type PolicyErrorCode =
  | 'unknown_key'
  | 'unknown_action'
  | 'unknown_severity'
  | 'missing_class'
  | 'missing_key'
  | 'not_above_default'
  | 'repeated_value'
  | 'invalid_value';

/** A policy that does not parse strictly; `code` and `path` are those of the first of `fields`. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly code: PolicyErrorCode;
  readonly path: string;
  readonly fields: (FieldProblem & { code: PolicyErrorCode })[];

  constructor(fields: [PolicyError['fields'][number], ...PolicyError['fields']]) {
    super(`containment policy refused: ${fields.map((f) => `${f.code} at ${f.path || 'the policy'}`).join(', ')}`);
    this.code = fields[0].code;
    this.path = fields[0].path;
    this.fields = fields;
  }
}

const refusal = (code: PolicyErrorCode): { error: PolicyErrorCode } => ({ error: code });

const severity = z.enum(SEVERITIES, refusal('unknown_severity'));
const distinct = (values: unknown[]): boolean => new Set(values).size === values.length;
const actions = z.array(z.enum(ACTIONS, refusal('unknown_action'))).refine(distinct, refusal('repeated_value'));
const severities = z.array(severity).refine(distinct, refusal('repeated_value'));

/** Which two steps different people must take. What is left out is not required, and has no part in the policy's digest. */
const separation = z.strictObject({ critical_ack_and_resolve: z.boolean() });
const actionsBySeverity = z.partialRecord(severity, actions);

const escalation = z.strictObject({
  // A single report that crosses is a severity, not a window.
  count: z.int().min(2).max(1000),
  window_seconds: z.int().min(1).max(86_400),
  severity,
});

const classRule = z
  .strictObject({
    severity,
    actions: actions.min(1),
    latched: z.boolean(),
    reattest: z.boolean(),
    escalation: z.exactOptional(escalation),
    raised_actions: z.exactOptional(actionsBySeverity),
  })
  .superRefine((rule, context) => {
    const refuse = (...path: string[]): void =>
      context.addIssue({ code: 'custom', message: 'not_above_default', path });
    const isAbove = (level: (typeof SEVERITIES)[number]): boolean => severityRank(level) < severityRank(rule.severity);
    if (rule.escalation && !isAbove(rule.escalation.severity)) refuse('escalation', 'severity');
    for (const level of SEVERITIES)
      if (rule.raised_actions?.[level] && !isAbove(level)) refuse('raised_actions', level);
  });

const isOnce = (parts: { role: string }[]): boolean => distinct(parts.map(({ role }) => role));

/** Who has to approve an export, and for how long they are waited for. Left out, the default holds and is no part of the digest. */
const exportRules = z.strictObject({
  quorum: z
    .array(z.strictObject({ role: z.enum(APPROVER_ROLES), count: z.int().min(1).max(16) }))
    .min(1)
    .refine(isOnce, refusal('repeated_value')),
  expires_hours: z.int().min(1).max(8_760),
});

/**
 * `severity_actions` are added when a severity is raised to a level, `raised_actions` the same for one class;
 * `flood_limit` is the number of unresolved ceremony-bound incidents from which reports fold; windows in seconds.
 */
const containmentPolicy = z.strictObject({
  version: z.literal(1),
  severity_actions: actionsBySeverity,
  reattest_severities: severities,
  ack_severities: severities,
  flood_limit: z.int().min(1).max(100_000),
  separation_of_duties: z.exactOptional(separation),
  exports: z.exactOptional(exportRules),
  classes: z.record(z.enum(CLASSES), classRule),
});

export type ContainmentPolicy = z.infer<typeof containmentPolicy>;
export type ClassRule = ContainmentPolicy['classes'][keyof ContainmentPolicy['classes']];
export type EscalationRule = NonNullable<ClassRule['escalation']>;

/** The policy that plain data describes. Errors: PolicyError with every field that is wrong. */
export function parseContainmentPolicy(raw: unknown): ContainmentPolicy {
  const parsed = containmentPolicy.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [first, ...rest] = parsed.error.issues.flatMap((issue) => problemsOf(issue, raw));
  throw new PolicyError([first ?? { code: 'invalid_value', path: '' }, ...rest]);
}

/** Whether a critical incident may not be resolved by the person whose acknowledgement counts. */
export const separatesResolver = (policy: ContainmentPolicy): boolean =>
  policy.separation_of_duties?.critical_ack_and_resolve === true;

export const exportRule = (policy: ContainmentPolicy): ExportRule => policy.exports ?? DEFAULT_RULE;

/** Hex SHA-256 of the policy's canonical JSON. */
export const policyDigest = (policy: ContainmentPolicy, sha256: Sha256): string => hashCanonical(policy, sha256);

function problemsOf(issue: z.core.$ZodIssue, raw: unknown): PolicyError['fields'] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  const last = path.at(-1);
  if (issue.code === 'unrecognized_keys') {
    const code = last === 'severity_actions' || last === 'raised_actions' ? 'unknown_severity' : 'unknown_key';
    return issue.keys.map((key) => ({ code, path: jsonPath([...path, key]) }));
  }
  return [{ code: codeOf(issue, path, raw), path: jsonPath(path) }];
}

function codeOf(issue: z.core.$ZodIssue, path: (string | number)[], raw: unknown): PolicyErrorCode {
  if (path.length > 0 && valueAt(raw, path) === undefined)
    return path[0] === 'classes' && path.length === 2 ? 'missing_class' : 'missing_key';
  return isPolicyCode(issue.message) ? issue.message : 'invalid_value';
}

const isPolicyCode = (text: string): text is PolicyErrorCode =>
  ['unknown_action', 'unknown_severity', 'repeated_value', 'not_above_default'].includes(text);

const valueAt = (raw: unknown, path: (string | number)[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | null | undefined)?.[key], raw);
