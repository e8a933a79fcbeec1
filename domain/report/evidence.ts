// Evidence is what a reporter saw, bounded: it is stored, hashed and exported as the canonical text it has here.
import { CanonicalError } from '../canonical/error.ts';
import { canonicalJson } from '../canonical/json.ts';
import { childPath } from '../json/path.ts';
import type { FieldProblem } from '../problem/field-problem.ts';

/** `depth` counts the arrays and objects within each other in one entry; `entry` is UTF-16 code units of canonical JSON. */
export const EVIDENCE_LIMITS = { entries: 64, depth: 4, entry: 8192 } as const;

/**
 * The RFC 8785 text of `evidence`; what is wrong with it is added to `fields`: `too_many_entries`, `too_deep`,
 * `too_long` (one entry), `unrepresentable` (a NUL, or no plain JSON).
 */
export function canonicalEvidence(evidence: Record<string, unknown>, fields: FieldProblem[]): string {
  const before = fields.length;
  const keys = Object.keys(evidence);
  if (keys.length > EVIDENCE_LIMITS.entries) fields.push({ path: 'evidence', code: 'too_many_entries' });
  inspect(evidence, 'evidence', 0, fields);
  if (fields.length > before) return '';
  const text = canonicalOf(evidence);
  if (text === undefined) fields.push({ path: 'evidence', code: 'unrepresentable' });
  else if (text.length > EVIDENCE_LIMITS.entry)
    for (const key of keys)
      if (canonicalJson(evidence[key]).length > EVIDENCE_LIMITS.entry)
        fields.push({ path: childPath('evidence', key), code: 'too_long' });
  return text ?? '';
}

function canonicalOf(evidence: Record<string, unknown>): string | undefined {
  try {
    return canonicalJson(evidence);
  } catch (error) {
    if (error instanceof CanonicalError) return undefined;
    throw error;
  }
}

/** `depth` is that of the container which holds `value`'s members; evidence itself has 0. */
function inspect(value: unknown, path: string, depth: number, fields: FieldProblem[]): void {
  if (typeof value === 'string') {
    if (value.includes('\u0000')) fields.push({ path, code: 'unrepresentable' });
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > EVIDENCE_LIMITS.depth) {
    fields.push({ path, code: 'too_deep' });
    return;
  }
  if (Array.isArray(value)) value.forEach((item, i) => inspect(item, `${path}[${i}]`, depth + 1, fields));
  else
    for (const [key, member] of Object.entries(value)) {
      const at = childPath(path, key);
      if (key === '__proto__' || key.includes('\u0000')) fields.push({ path: at, code: 'unrepresentable' });
      inspect(member, at, depth + 1, fields);
    }
}
