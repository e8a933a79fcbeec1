// Evidence is what a reporter saw, bounded: it is stored, hashed and exported as the canonical text it has here.
import { CanonicalError } from '../canonical/error.ts';
import { canonicalJson } from '../canonical/json.ts';
import { jsonPath } from '../json/path.ts';
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
  inspect(evidence, [], fields);
  if (fields.length > before) return '';
  const text = canonicalOf(evidence);
  if (text === undefined) fields.push({ path: 'evidence', code: 'unrepresentable' });
  else if (text.length > EVIDENCE_LIMITS.entry)
    for (const key of keys)
      if (canonicalJson(evidence[key]).length > EVIDENCE_LIMITS.entry)
        fields.push({ path: pathOf([key]), code: 'too_long' });
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

/** `keys` lead from evidence to `value`; a path is written only where something is wrong. */
function inspect(value: unknown, keys: (string | number)[], fields: FieldProblem[]): void {
  if (typeof value === 'string') {
    if (value.includes('\u0000')) fields.push({ path: pathOf(keys), code: 'unrepresentable' });
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (keys.length > EVIDENCE_LIMITS.depth) {
    fields.push({ path: pathOf(keys), code: 'too_deep' });
    return;
  }
  const isArray = Array.isArray(value);
  for (const [key, member] of Object.entries(value)) {
    keys.push(isArray ? Number(key) : key);
    if (key === '__proto__' || key.includes('\u0000')) fields.push({ path: pathOf(keys), code: 'unrepresentable' });
    inspect(member, keys, fields);
    keys.pop();
  }
}

const pathOf = (keys: (string | number)[]): string => jsonPath(['evidence', ...keys]);
