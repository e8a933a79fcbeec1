import type { ChallengesOpened, Reattestation } from '../activities/types.ts';
import type { DecisionOutcome, IncidentDecision } from '../domain/process/decision.ts';
import { failureCode } from './failure-code.ts';
import { attester, record } from './record.ts';

type Opened = Extract<ChallengesOpened, { ok: true }>;

/** Challenge, quote on each host, verdict. Without evidence the verdict is asked for all the same: a refusal is recorded. */
export async function reattest(decision: IncidentDecision): Promise<DecisionOutcome> {
  const opened = await record.openChallenges(decision);
  const given = opened.ok ? await collect(opened) : { answers: [], observations: [] };
  const outcome = await record.decideReattestation(decision, given);
  return outcome.ok && opened.ok ? { ok: true, nodes: opened.challenges.map((c) => c.node) } : outcome;
}

async function collect({ challenges, baselines }: Opened): Promise<Reattestation> {
  try {
    const answers = await Promise.all(
      challenges.map(async (challenge) => ({
        challenge_id: challenge.challenge_id,
        evidence: await attester(challenge.node).collectEvidence(challenge),
      })),
    );
    const nodes = challenges.map((c) => c.node);
    const observations = await Promise.all(
      nodes.flatMap((node) =>
        baselines.map(async (baseline) => ({ baseline, observed: await attester(node).observeFiles(baseline) })),
      ),
    );
    return { answers, observations };
  } catch (error) {
    const code = failureCode(error, 'attester_unreachable');
    return { unavailable: code.startsWith('tpm_') ? 'tpm_unavailable' : 'attester_unreachable' };
  }
}
