// What people decide about an incident: triage, the ceremony's acknowledgement and re-attestation, and its resolution.
import { ackCounts, ceremonyRequired, missing, reattestCounts } from './requirement.ts';
import type { Effect, Incident, Verdict } from './types.ts';
import { changed, refuse, unchanged } from './verdicts.ts';

/** At resolve the re-attestation may be this old. */
export const REATTEST_VALID_MS = 24 * 3600 * 1000;

const entry = (action: string, detail: Record<string, unknown> = {}): Effect => ({ kind: 'entry', action, detail });

/** Triage; only an open incident without containment moves to `acknowledged`. It never stands in for the ceremony's ack. */
export function triage(i: Incident, operator: string, now: string): Verdict {
  if (i.state === 'resolved') return refuse('already_resolved');
  if (i.triaged_at !== null) return unchanged(i);
  const contains = i.actions.some((a) => a.gate !== null);
  const state = i.state === 'open' && !contains ? 'acknowledged' : i.state;
  return changed(
    { ...i, state, triaged_at: now, triaged_by: operator },
    entry('incident_triaged', { operator, state }),
  );
}

/** A repeat by the same operator changes nothing; another operator is a further acknowledgement and the first stands. */
export function acknowledge(
  i: Incident,
  by: { operator: string; actor: string; containment_binding?: string; note_digest?: string },
  now: string,
): Verdict {
  if (i.state === 'resolved') return refuse('already_resolved');
  if (by.containment_binding !== undefined && by.containment_binding !== i.binding)
    return refuse('containment_changed');
  const note = by.note_digest === undefined ? {} : { note_digest: by.note_digest };
  const detail = { operator: by.operator, binding: i.binding, ...note };
  if (ackCounts(i)) {
    if (i.acked_by === by.operator) return unchanged(i);
    return changed(i, entry('recovery_acknowledged_again', detail));
  }
  const acked = { ...i, ack_binding: i.binding, acked_at: now, acked_by: by.operator, acked_actor: by.actor };
  return changed(acked, entry('recovery_acknowledged', detail), { kind: 'poke' });
}

/** What a challenge was written for; `asked_for` is the incident it was asked about, when that is another one. */
export interface ReattestationProof {
  binding: string;
  occurrences: number;
  settlements: number;
  asked_for?: string;
}

/** A passing appraisal counts only for the containment, occurrence and settlements its challenge was written for. */
export function reattest(i: Incident, proof: ReattestationProof, now: string): Verdict {
  if (i.state === 'resolved') return refuse('already_resolved');
  if (!i.require_reattest) return refuse('reattest_not_required');
  if (proof.binding !== i.binding) return refuse('containment_changed');
  if (proof.occurrences !== i.occurrences) return refuse('occurrence_changed');
  if (proof.settlements !== i.settlements) return refuse('settlement_changed');
  const attested = { ...i, reattest_binding: i.binding, re_attested_at: now };
  const shared = proof.asked_for === undefined ? {} : { shared: true, asked_for: proof.asked_for };
  const detail = { binding: i.binding, occurrence: i.occurrences, ...shared };
  return changed(attested, entry('recovery_reattested', detail), { kind: 'poke' });
}

/** `separate`: the policy lets nobody resolve a critical incident on their own acknowledgement; `actor` was authenticated. */
export interface Resolution {
  operator: string;
  separate?: { actor: string };
}

/** Opens the latch only when nothing is missing; releases the incident's own holds, a quarantined digest stays. */
export function resolve(i: Incident, { operator, separate }: Resolution, now: string): Verdict {
  if (i.state === 'resolved') return unchanged(i);
  const lacking: string[] = missing(i).filter((m) => m !== 'containment');
  const stale =
    i.require_reattest &&
    reattestCounts(i) &&
    (i.re_attested_at === null || Date.parse(now) - Date.parse(i.re_attested_at) > REATTEST_VALID_MS);
  if (stale) lacking.push('reattest');
  if (lacking.length > 0) return refuse('recovery_incomplete', lacking);
  if (i.pending_actions > 0) return refuse('containment_pending', ['containment']);
  const own = separate !== undefined && ackCounts(i) && i.acked_actor === separate.actor;
  if (own && i.severity === 'critical') return refuse('same_person');
  return changed(
    { ...i, state: 'resolved', resolved_at: now, resolved_by: operator },
    entry('incident_resolved', { operator, ceremony: ceremonyRequired(i) }),
    { kind: 'release_holds', keep: ['quarantine_model'] },
    { kind: 'poke' },
  );
}
