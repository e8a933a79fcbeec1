// A report is taken whole or refused with every field that is wrong: nothing is guessed, cut or dropped.
import { isIncidentClass, isSeverity } from '../containment/types.ts';
import type { IncidentClass, Severity } from '../containment/types.ts';
import { childPath } from '../json/path.ts';
import type { FieldProblem } from '../problem/field-problem.ts';
import { fieldsProblem } from '../problem/problem.ts';
import type { Problem } from '../problem/problem.ts';
import { canonicalEvidence } from './evidence.ts';

/** In UTF-16 code units, after trimming. */
export const REPORT_LIMITS = { class: 64, source: 256, description: 16_384, severity: 64, dedup_key: 256 } as const;
type TextField = keyof typeof REPORT_LIMITS;

/** `source`, `description` and `dedup_key` are trimmed. */
export interface Report {
  class: IncidentClass;
  source: string;
  description: string;
  severity?: Severity;
  evidence: Record<string, unknown>;
  dedup_key?: string;
}

/** `evidence` is the RFC 8785 text of the report's. */
export type ReportVerdict = { ok: true; report: Report; evidence: string } | { ok: false; problem: Problem };

const isField = (key: string): boolean => key === 'evidence' || Object.hasOwn(REPORT_LIMITS, key);

/**
 * The report that `value`, as read from JSON, is. Field codes: `unknown_field`, `invalid_type`, `required` (absent or
 * blank), `too_long`, `control_character` (class and source), `unknown_class`, `unknown_severity`, `unrepresentable` and
 * those of `canonicalEvidence`. Whether a severity is below its class's default depends on the policy: `isBelowDefault`.
 */
export function parseReport(value: unknown): ReportVerdict {
  if (!isObject(value)) return { ok: false, problem: fieldsProblem([{ path: '', code: 'invalid_type' }]) };
  const fields: FieldProblem[] = [];
  for (const key of Object.keys(value))
    if (!isField(key)) fields.push({ path: childPath('', key), code: 'unknown_field' });

  const cls = text(value, 'class', fields);
  if (cls !== undefined && !isIncidentClass(cls)) fields.push({ path: 'class', code: 'unknown_class' });
  const source = text(value, 'source', fields);
  const description = text(value, 'description', fields);
  const severity = value['severity'] === undefined ? undefined : text(value, 'severity', fields);
  if (severity !== undefined && !isSeverity(severity)) fields.push({ path: 'severity', code: 'unknown_severity' });
  const dedup_key = value['dedup_key'] === undefined ? undefined : text(value, 'dedup_key', fields);
  const evidence = value['evidence'] === undefined ? {} : value['evidence'];
  const canonical = isObject(evidence) ? canonicalEvidence(evidence, fields) : undefined;
  if (canonical === undefined) fields.push({ path: 'evidence', code: 'invalid_type' });

  if (fields.length > 0) return { ok: false, problem: fieldsProblem(fields) };
  // Nothing was found wrong, so each member is what the checks above asked for.
  const report = { class: cls, source, description, evidence } as Report;
  if (severity !== undefined) report.severity = severity as Severity;
  if (dedup_key !== undefined) report.dedup_key = dedup_key;
  return { ok: true, report, evidence: canonical ?? '{}' };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** The trimmed text of a member; undefined when it is none, which is then in `fields`. */
function text(value: Record<string, unknown>, field: TextField, fields: FieldProblem[]): string | undefined {
  const raw = value[field];
  const code = textProblem(raw, field);
  if (code === undefined) return (raw as string).trim();
  fields.push({ path: field, code });
  return undefined;
}

function textProblem(raw: unknown, field: TextField): string | undefined {
  if (raw === undefined) return 'required';
  if (typeof raw !== 'string') return 'invalid_type';
  if (raw.includes('\u0000') || !raw.isWellFormed()) return 'unrepresentable';
  if ((field === 'class' || field === 'source') && CONTROL.test(raw)) return 'control_character';
  const { length } = raw.trim();
  if (length === 0) return 'required';
  return length > REPORT_LIMITS[field] ? 'too_long' : undefined;
}
