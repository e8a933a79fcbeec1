import { everyNodePassed } from '../../domain/attestation/challenge.ts';
import type { IncidentEvent } from '../../domain/incident/transition.ts';
import type { Incident } from '../../domain/incident/types.ts';
import { appraiseChallenge } from '../attestation/appraise-challenge.ts';
import type { Answer } from '../attestation/appraise-challenge.ts';
import { checkBaseline } from '../attestation/check-baseline.ts';
import type { Observation } from '../attestation/check-baseline.ts';
import type { AttestationContext } from '../attestation/context.ts';
import type { Database } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { baselinesFor, nodesFor } from './challenges.ts';
import { decideIncident } from './decide-incident.ts';
import type { Decided, Decision } from './decide-incident.ts';

/** What came back from the attesters: answers to challenges and observed files, or the code of why nothing came. */
export type Reattestation =
  { answers: Answer[]; observations: Observation[] } | { unavailable: 'tpm_unavailable' | 'attester_unreachable' };

type Refusal = { ok: false; code: string; missing?: string[]; void?: true };

/**
 * The ceremony's re-attestation: appraises every answer under the incident's lock and counts it only when all nodes and
 * baselines the incident asks for have passed. Refused with `appraisal_failed` (missing: the claims that failed),
 * `tpm_unavailable`, `attester_unreachable`, a challenge's refusal or a `RefusalCode`.
 */
export async function reattestIncident(
  db: Database,
  decision: Decision,
  given: Reattestation,
  context: AttestationContext,
): Promise<Decided> {
  return decideIncident(db, decision, (incident, now, tx) => judge(tx, decision, incident, given, context, now));
}

async function judge(
  tx: Tx,
  by: Decision,
  incident: Incident,
  given: Reattestation,
  context: AttestationContext,
  now: string,
): Promise<IncidentEvent | Refusal> {
  if (incident.state === 'resolved') return { ok: false, code: 'already_resolved' };
  if (!incident.require_reattest) return { ok: false, code: 'reattest_not_required' };
  if ('unavailable' in given) return { ok: false, code: given.unavailable };
  const asked = await nodesFor(tx, incident);
  if (asked === null) return { ok: false, code: 'tpm_unavailable' };

  const passed = new Set<string>();
  const failed: string[] = [];
  const present = { ...incident, incident_id: incident.id };
  for (const answer of given.answers) {
    const appraised = await appraiseChallenge(tx, by, answer, context, now, present);
    if (!appraised.ok) return appraised;
    if (appraised.passed) passed.add(appraised.node);
    else failed.push(...appraised.failed.map((c) => `${appraised.node}: ${c.claim}`));
  }
  const unchecked = new Set(await baselinesFor(tx, incident));
  for (const observation of given.observations) {
    const checked = await checkBaseline(tx, by, observation, context, now);
    if (checked.ok && checked.passed) unchecked.delete(observation.baseline);
    else failed.push(`${observation.baseline}: ${checked.ok ? 'differs' : checked.code}`);
  }
  if (!everyNodePassed(asked, passed) || unchecked.size > 0 || failed.length > 0) {
    const absent = asked.filter((node) => !passed.has(node) && !failed.some((f) => f.startsWith(`${node}: `)));
    const missing = [...failed, ...absent.map((node) => `${node}: no evidence`)].slice(0, 32);
    return { ok: false, code: 'appraisal_failed', missing, void: true };
  }
  const { binding, occurrences, settlements } = incident;
  return { kind: 'reattest', proof: { binding, occurrences, settlements } };
}
