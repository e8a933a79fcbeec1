import type { ExportDecisionName, ExportDecisionRequest } from '../../domain/process/export.ts';
import { isFilled } from '../malformed.ts';

const MAX = { role: 64, reason: 1_024, receipt: 256, not_after: 40, confirm: 64, decision_id: 255 } as const;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

const NEEDED: Record<ExportDecisionName, 'reason' | 'receipt' | null> = {
  approve: null,
  reject: 'reason',
  waive: 'receipt',
};

/** What is wrong with the shape of a decision about an export, or null. Whether it may be taken is for its transaction to say. */
export function malformedDecision(name: ExportDecisionName, input: unknown): string | null {
  const needed = NEEDED[name];
  if (input === undefined || input === null) return needed;
  if (typeof input !== 'object') return 'input';
  const given = input as Record<string, unknown>;
  for (const field of ['role', 'reason', 'receipt', 'not_after', 'confirm', 'decision_id'] as const)
    if (given[field] !== undefined && !isFilled(given[field], MAX[field])) return field;
  if (needed !== null && given[needed] === undefined) return needed;
  const { not_after } = given as { not_after?: string };
  return not_after === undefined || (INSTANT.test(not_after) && !Number.isNaN(Date.parse(not_after)))
    ? null
    : 'not_after';
}

/** The decision in an input that is not malformed. */
export function requestOf(name: ExportDecisionName, input: unknown): ExportDecisionRequest {
  const given = (input ?? {}) as Partial<Record<string, string>>;
  switch (name) {
    case 'approve':
      return {
        kind: 'approve',
        role: given['role'] ?? null,
        not_after: given['not_after'] ?? null,
        confirm: given['confirm'] ?? null,
      };
    case 'reject':
      return { kind: 'reject', reason: (given['reason'] ?? '').trim() };
    case 'waive':
      return { kind: 'waive', receipt: (given['receipt'] ?? '').trim() };
    default: {
      const unknown: never = name;
      throw new Error(`unknown decision ${JSON.stringify(unknown)}`);
    }
  }
}
