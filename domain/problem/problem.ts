// A refusal is an RFC 9457 problem: machine-readable, the same for the same cause, and free of secrets.
import { PROBLEMS } from './codes.ts';
import type { ProblemCode } from './codes.ts';
import type { FieldProblem } from './field-problem.ts';

/** What a problem says beyond its code. Sentences carry no secret, no stack and no query. */
export interface ProblemDetails {
  detail?: string;
  fields?: FieldProblem[];
  /** Of `recovery_incomplete` and `containment_pending`: what the latch still waits for. */
  missing?: string[];
  /** Of `appraisal_failed`: the claims that failed. */
  claims?: unknown[];
}

/** RFC 9457 §3 with the extension members `error` (a sentence) and `code` (a word). */
export interface Problem extends ProblemDetails {
  type: `urn:interlock:problem:${ProblemCode}`;
  title: string;
  status: number;
  error: string;
  code: ProblemCode;
}

/** The problem of `code`; `error` is the detail where there is one, else the title. */
export function problem(code: ProblemCode, details: ProblemDetails = {}): Problem {
  const { status, title } = PROBLEMS[code];
  return { type: `urn:interlock:problem:${code}`, title, status, ...details, error: details.detail ?? title, code };
}

/** A refusal on its way out. `code` names the problem, `details` are its members. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: ProblemCode;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(details.detail ?? PROBLEMS[code].title);
    this.code = code;
    this.details = details;
  }
}

export const problemOf = (error: DomainError): Problem => problem(error.code, error.details);

/** The problem of wrong fields: the code that all of them share when it is a problem of its own, else `validation_failed`. */
export function fieldsProblem(fields: FieldProblem[]): Problem {
  const code = fields[0]?.code;
  const shared = fields.every((field) => field.code === code) ? OWN_PROBLEMS.find((own) => own === code) : undefined;
  return problem(shared ?? 'validation_failed', { fields });
}

const OWN_PROBLEMS = ['unknown_field', 'unrepresentable', 'severity_below_default'] as const;
