import { appraise, failedClaims } from '../../domain/attestation/appraise.ts';
import type { AppraisalResult } from '../../domain/attestation/appraise.ts';
import { challengeOpen, challengeServes } from '../../domain/attestation/challenge.ts';
import type { Challenge, IncidentNow } from '../../domain/attestation/challenge.ts';
import type { Claim } from '../../domain/attestation/claim.ts';
import { isOlder } from '../../domain/attestation/counters.ts';
import type { Counters } from '../../domain/attestation/tpms-attest.ts';
import { canonicalJson } from '../../domain/canonical/json.ts';
import { INSTANCE } from '../command/caller.ts';
import type { Caller } from '../command/caller.ts';
import { one } from '../client.ts';
import type { attestationNodes } from '../schema/attestation.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import { writeEntries } from '../write/ledger.ts';
import { verifyP256Native } from './context.ts';
import type { AttestationContext } from './context.ts';
import { believed, currentReference } from './signed-versions.ts';

export interface Answer {
  challenge_id: string;
  /** What the attester sent; of any shape, it is appraised and not trusted. */
  evidence: unknown;
}

export type Appraised =
  | {
      ok: true;
      node: string;
      passed: boolean;
      failed: Claim[];
      /** As it was before this answer. */
      challenge: Challenge;
      /** The node has failed since, by its TPM's own clock: what it showed before speaks for it no longer. */
      outdated: boolean;
    }
  | { ok: false; code: string };

type NodeRow = typeof attestationNodes.$inferSelect;

/**
 * Spends the challenge, appraises the answer, and records result, node counters and entry, in the caller's transaction.
 * With `incident` the challenge must serve it as it is under its lock. Refused with `challenge_unknown` or a code of
 * `ChallengeRefusal`; a refused challenge records nothing.
 */
export async function appraiseChallenge(
  tx: Tx,
  by: Caller,
  answer: Answer,
  context: AttestationContext,
  now: string,
  incident?: IncidentNow,
): Promise<Appraised> {
  const challenge = await one<Challenge & { challenge_id: string; counters: Counters | null }>(
    tx,
    'SELECT * FROM challenges WHERE workspace_id = $1 AND challenge_id = $2 FOR UPDATE',
    [INSTANCE, answer.challenge_id],
  );
  if (challenge === undefined) return { ok: false, code: 'challenge_unknown' };
  const serves = incident === undefined ? challengeOpen(challenge, now) : challengeServes(challenge, incident, now);
  if (!serves.ok) return serves;
  const node = await one<NodeRow>(
    tx,
    'SELECT * FROM attestation_nodes WHERE workspace_id = $1 AND node = $2 FOR UPDATE',
    [INSTANCE, challenge.node],
  );
  if (node?.state !== 'enrolled') return { ok: false, code: 'node_unknown' };
  const reference = await believed(() => currentReference(tx, challenge.node, context.keys));
  const result = appraise(answer.evidence, {
    nonce: challenge.nonce,
    // Two answers may be recorded in another order than they were quoted in: each is held to what was known when asked.
    node: { ...node, counters: challenge.counters },
    reference: reference === 'not_believed' ? null : reference,
    environment: context.environment,
    sha256,
    verify_p256: verifyP256Native,
  });
  const late = result.counters !== null && isOlder(result.counters, node.counters ?? null);
  await record(tx, by, node, answer, { ...result, late }, now);
  const { passed } = result;
  const outdated = late && node.last_passed === false;
  return { ok: true, node: node.node, passed, failed: failedClaims(result), challenge, outdated };
}

/** `late`: the quote is older than the last one recorded. */
type Judged = AppraisalResult & { late: boolean };

/** Evidence of any size is kept up to this; its digest is kept whole. */
const EVIDENCE_KEPT = 16_384;

async function record(tx: Tx, by: Caller, node: NodeRow, answer: Answer, result: Judged, now: string): Promise<void> {
  const evidence = JSON.stringify(answer.evidence ?? null);
  const digest = Buffer.from(sha256(Buffer.from(evidence))).toString('hex');
  await tx.query('UPDATE challenges SET used_at = $3 WHERE workspace_id = $1 AND challenge_id = $2', [
    INSTANCE,
    answer.challenge_id,
    now,
  ]);
  await tx.query({
    name: 'attestation-result-insert',
    text: `INSERT INTO attestation_results
      (workspace_id, node, challenge_id, passed, simulated, claims, evidence, reference_version, at, actor, on_behalf_of)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    values: [
      INSTANCE,
      node.node,
      answer.challenge_id,
      result.passed,
      result.simulated,
      canonicalJson(result.claims),
      evidence.replaceAll('\\u0000', '').slice(0, EVIDENCE_KEPT),
      result.reference_version ?? 0,
      now,
      by.actor,
      by.on_behalf_of,
    ],
  });
  const version = await stand(tx, node, result, now);
  const failed = failedClaims(result).map((c) => c.claim);
  await writeEntries(tx, [
    {
      workspace_id: INSTANCE,
      at: now,
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      action: 'attestation_appraised',
      object: `node/${node.node}`,
      record_hash: digest,
      record_version: version,
      detail: {
        challenge_id: answer.challenge_id,
        passed: result.passed,
        failed,
        reboot: result.reboot,
        simulated: result.simulated,
      },
      policy_digest: null,
    },
  ]);
}

/** What the node is known by from now on; a quote that is older than the last one recorded changes nothing of that. */
async function stand(tx: Tx, node: NodeRow, { counters, passed, reboot, late }: Judged, now: string): Promise<number> {
  const where = 'WHERE workspace_id = $1 AND node = $2 RETURNING version';
  const row = late
    ? await one<{ version: number }>(tx, `UPDATE attestation_nodes SET version = version + 1 ${where}`, [
        INSTANCE,
        node.node,
      ])
    : await one<{ version: number }>(
        tx,
        `UPDATE attestation_nodes SET counters = coalesce($3, counters), last_passed = $4, last_result_at = $5,
            last_pass_at = CASE WHEN $4 THEN $5 ELSE last_pass_at END, missed_quotes = 0,
            reboot_pending = CASE WHEN $4 THEN false ELSE reboot_pending OR $6 END, version = version + 1 ${where}`,
        [INSTANCE, node.node, counters === null ? null : JSON.stringify(counters), passed, now, reboot],
      );
  return row?.version ?? node.version;
}
