// The incident as its readers see it, and the hash that pins each version of it.
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import type { ActionRecord, Incident } from './types.ts';
import { recoveryPending } from './requirement.ts';

export interface ContainmentResult {
  action: string;
  /** Where an action of the incident has several targets. */
  target?: string;
  success: boolean;
  error?: string;
  completed_at: string;
}

const present = <K extends string>(key: K, value: string | null): Partial<Record<K, string>> =>
  value === null ? {} : ({ [key]: value } as Record<K, string>);

function resultOf(
  { action, target, status, error, completed_at }: ActionRecord,
  several: boolean,
): ContainmentResult[] {
  if (completed_at === undefined) return [];
  return [
    {
      action,
      ...(several ? { target } : {}),
      success: status !== 'failed',
      ...(error === undefined ? {} : { error }),
      completed_at,
    },
  ];
}

/** The canonical record: the wire form without `hash`. */
export function canonicalRecord(i: Incident): Record<string, unknown> {
  const containment_actions = [...new Set(i.actions.map((a) => a.action))];
  // With one target each the evidence says which; a second one came with a report whose evidence the record does not keep.
  const several = containment_actions.length < i.actions.length;
  return {
    id: i.id,
    created_at: i.created_at,
    class: i.class,
    severity: i.severity,
    state: i.state,
    source: i.source,
    description: i.description,
    evidence: JSON.parse(i.evidence) as unknown,
    containment_actions,
    ...(several ? { containment_targets: i.actions.map(({ action, target }) => ({ action, target })) } : {}),
    containment_results: i.actions.flatMap((a) => resultOf(a, several)),
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
