// The incident as its readers see it, and the hash that pins each version of it.
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import type { ActionRecord, Incident } from './types.ts';
import { recoveryPending } from './requirement.ts';

export interface ContainmentResult {
  action: string;
  success: boolean;
  error?: string;
  completed_at: string;
}

const present = <K extends string>(key: K, value: string | null): Partial<Record<K, string>> =>
  value === null ? {} : ({ [key]: value } as Record<K, string>);

function resultOf(action: ActionRecord): ContainmentResult[] {
  if (action.completed_at === undefined) return [];
  const success = action.status !== 'failed';
  return [
    {
      action: action.action,
      success,
      ...(action.error === undefined ? {} : { error: action.error }),
      completed_at: action.completed_at,
    },
  ];
}

/** The canonical record: the wire form without `hash`. */
export function canonicalRecord(i: Incident): Record<string, unknown> {
  return {
    id: i.id,
    created_at: i.created_at,
    class: i.class,
    severity: i.severity,
    state: i.state,
    source: i.source,
    description: i.description,
    evidence: JSON.parse(i.evidence) as unknown,
    containment_actions: i.actions.map((a) => a.action),
    containment_results: i.actions.flatMap(resultOf),
    ...present('acked_at', i.acked_at),
    ...present('acked_by', i.acked_by),
    ...present('re_attested_at', i.re_attested_at),
    ...present('resolved_at', i.resolved_at),
    ...present('resolved_by', i.resolved_by),
    ...present('triaged_at', i.triaged_at),
    ...present('triaged_by', i.triaged_by),
    ...(i.occurrences > 1 ? { occurrences: i.occurrences } : {}),
    ...present('folded_by', i.folded_by),
    ...(i.marks.length > 0 ? { marks: i.marks } : {}),
    policy_digest: i.policy_digest,
  };
}

/** The incident of the HTTP contract. */
export const incidentView = (i: Incident): Record<string, unknown> => ({ ...canonicalRecord(i), hash: i.hash });

/** Closes a version: derived columns, version + 1, hash over the canonical record. */
export function seal(i: Incident, sha256: Sha256): Incident {
  const next = { ...i, recovery_pending: recoveryPending(i), version: i.version + 1 };
  return { ...next, hash: hashCanonical(canonicalRecord(next), sha256) };
}
