import { everyNodePassed } from '../../domain/attestation/challenge.ts';
import { roundCounts } from '../../domain/attestation/round.ts';
import type { AppraisedQuote, Round } from '../../domain/attestation/round.ts';
import { wantsReattestation } from '../../domain/incident/requirement.ts';
import { transition } from '../../domain/incident/transition.ts';
import type { Incident } from '../../domain/incident/types.ts';
import type { Step } from '../../domain/intake/types.ts';
import { appraiseChallenge } from '../attestation/appraise-challenge.ts';
import type { Answer } from '../attestation/appraise-challenge.ts';
import { checkBaseline } from '../attestation/check-baseline.ts';
import type { Observation } from '../attestation/check-baseline.ts';
import type { AttestationContext } from '../attestation/context.ts';
import { rows } from '../client.ts';
import type { Database } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import { INSTANCE } from './caller.ts';
import { SHARED_AT_MOST } from './challenges.ts';
import { decideIncident } from './decide-incident.ts';
import type { Asked, By, Decided, Decision, Locked } from './decide-incident.ts';
import { baselinesFor, evidenceNode, nodesFor, NODES_AT_MOST, readScope } from './reattest-scope.ts';
import type { Scope } from './reattest-scope.ts';

/** What came back from the attesters: answers to challenges and observed files, or the code of why nothing came. */
export type Reattestation =
  { answers: Answer[]; observations: Observation[] } | { unavailable: 'tpm_unavailable' | 'attester_unreachable' };

const refuse = (code: string): Asked => ({ asked: { ok: false, code } });

/**
 * The ceremony's re-attestation: appraises every answer under the incident's lock and counts it only when all nodes and
 * baselines the incident asks for have passed; then also for each other incident that the challenges were written for and
 * whose own row says the same of it. Refused with `appraisal_failed` (missing: the claims that failed),
 * `tpm_unavailable`, `attester_unreachable`, a challenge's refusal or a `RefusalCode`.
 */
export async function reattestIncident(
  db: Database,
  asking: By,
  given: Reattestation,
  context: AttestationContext,
): Promise<Decided> {
  return decideIncident(db, asking, (locked) => judge(locked, locked.by, given, context), {
    kind: 'reattest',
    beside: (tx) => servedBeside(tx, 'answers' in given ? given.answers : []),
  });
}

/** The incidents that the answered challenges were written for. */
async function servedBeside(tx: Tx, answers: Answer[]): Promise<string[]> {
  const found = await rows<{ id: string }>(
    tx,
    `SELECT DISTINCT i ->> 'incident_id' AS id FROM challenges, jsonb_array_elements(incidents) AS i
      WHERE workspace_id = $1 AND challenge_id = ANY($2) ORDER BY id LIMIT $3`,
    [INSTANCE, answers.slice(0, NODES_AT_MOST).map((a) => a.challenge_id), SHARED_AT_MOST + 1],
  );
  return found.map((row) => row.id);
}

async function judge(locked: Locked, by: Decision, given: Reattestation, context: AttestationContext): Promise<Asked> {
  const { incident, others, now, tx } = locked;
  if (incident.state === 'resolved') return refuse('already_resolved');
  if (!incident.require_reattest) return refuse('reattest_not_required');
  if ('unavailable' in given) return refuse(given.unavailable);
  const scope = await readScope(tx);
  const asked = nodesFor(scope, evidenceNode(incident));
  if (asked.length === 0) return refuse('tpm_unavailable');

  const passed = new Set<string>();
  const failed: string[] = [];
  const quotes: AppraisedQuote[] = [];
  const present = { ...incident, incident_id: incident.id };
  for (const answer of given.answers) {
    const appraised = await appraiseChallenge(tx, by, answer, context, now, present);
    if (!appraised.ok) return { asked: appraised };
    const counts = appraised.passed && !appraised.outdated;
    quotes.push({ challenge: appraised.challenge, passed: counts });
    if (counts) passed.add(appraised.node);
    else if (appraised.passed) failed.push(`${appraised.node}: failed since this quote`);
    else failed.push(...appraised.failed.map((c) => `${appraised.node}: ${c.claim}`));
  }
  const unchecked = new Set(baselinesFor(scope, incident.class));
  const checks: { baseline: string; passed: boolean }[] = [];
  for (const observation of given.observations) {
    const checked = await checkBaseline(tx, by, observation, context, now);
    const holds = checked.ok && checked.passed;
    checks.push({ baseline: observation.baseline, passed: holds });
    if (holds) unchecked.delete(observation.baseline);
    else failed.push(`${observation.baseline}: ${checked.ok ? 'differs' : checked.code}`);
  }
  const beside = shareWith(others, by, { quotes, checks }, scope, now);
  if (!everyNodePassed(asked, passed) || unchecked.size > 0 || failed.length > 0) {
    const absent = asked.filter((node) => !passed.has(node) && !failed.some((f) => f.startsWith(`${node}: `)));
    const missing = [...failed, ...absent.map((node) => `${node}: no evidence`)].slice(0, 32);
    return { asked: { ok: false, code: 'appraisal_failed', missing, void: true }, beside };
  }
  const { binding, occurrences, settlements } = incident;
  return { asked: { kind: 'reattest', proof: { binding, occurrences, settlements } }, beside };
}

/** What the round is worth to the others, each by its own locked row. */
function shareWith(others: Incident[], by: Decision, round: Round, scope: Scope, now: string): Step[] {
  return others.filter(wantsReattestation).flatMap((other) => {
    const nodes = nodesFor(scope, evidenceNode(other));
    const baselines = baselinesFor(scope, other.class);
    if (!roundCounts(round, { ...other, incident_id: other.id }, { nodes, baselines }, now)) return [];
    const { binding, occurrences, settlements } = other;
    const proof = { binding, occurrences, settlements, asked_for: by.incident_id };
    const verdict = transition(other, { kind: 'reattest', proof }, now, sha256);
    if (!verdict.ok || !verdict.changed) return [];
    return [{ incident: verdict.incident, effects: verdict.effects, actor: by.actor, on_behalf_of: by.on_behalf_of }];
  });
}
