import { timingSafeEqual } from 'node:crypto';
import { challengeOpen } from '../../domain/attestation/challenge.ts';
import type { Challenge } from '../../domain/attestation/challenge.ts';
import { expectedProof, shownBy } from '../../domain/attestation/enrolment.ts';
import type { Enrolment } from '../../domain/attestation/enrolment.ts';
import { firstReference } from '../../domain/attestation/reference-values.ts';
import { appraiseChallenge } from '../attestation/appraise-challenge.ts';
import type { AttestationContext, Signer } from '../attestation/context.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import { wakeWatch } from '../write/watches.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { enrolNode } from './enrol.ts';
import { refuseEnrolment } from './enrolment-refusal.ts';
import type { EnrolmentRefusal, RefusedEnrolment } from './enrolment-refusal.ts';
import { replaceNode } from './replace-node.ts';

/** What a host answered to its challenge. */
export interface EnrolmentAnswer {
  challenge_id: string;
  enrolment: Enrolment;
  /** HMAC-SHA256(secret, challenge_id || ak_name) in hex; null when the TPM did not open the credential. */
  proof: string | null;
  /** The quote over the challenge's nonce. */
  evidence: unknown;
  /** The node is on record, and this key is to take the place of its own. */
  replace?: boolean;
}

export type CompletedEnrolment = { ok: true; node: string } | RefusedEnrolment;

/** Ends the transaction: nothing of a refused enrolment stays. */
class Refused extends Error {
  readonly code: EnrolmentRefusal;
  readonly failed: string[];

  constructor(code: EnrolmentRefusal, failed: string[] = []) {
    super(code);
    this.code = code;
    this.failed = failed;
  }
}

/**
 * Records the node of an answered challenge with its first reference values and the appraisal of its quote against
 * them. Spends the challenge either way; a refusal is recorded. Refused with a code of `EnrolmentRefusal`.
 */
export async function completeEnrolment(
  db: Database,
  by: Caller,
  answer: EnrolmentAnswer,
  context: AttestationContext,
  signer: Signer,
): Promise<CompletedEnrolment> {
  try {
    await transaction(db, (tx) => enrol(tx, by, answer, context, signer));
    return { ok: true, node: answer.enrolment.node };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return transaction(db, async (tx) => {
      await spend(tx, answer);
      const detail = { challenge_id: answer.challenge_id, failed: error.failed };
      return refuseEnrolment(tx, by, answer.enrolment.node, error.code, detail);
    });
  }
}

async function enrol(
  tx: Tx,
  by: Caller,
  answer: EnrolmentAnswer,
  context: AttestationContext,
  signer: Signer,
): Promise<void> {
  const { enrolment, evidence, challenge_id } = answer;
  const challenge = await one<Challenge & { expected: string | null; now: string }>(
    tx,
    `SELECT *, date_trunc('milliseconds', clock_timestamp()) AS now FROM challenges
      WHERE workspace_id = $1 AND challenge_id = $2 AND node = $3 AND purpose = 'enrol' FOR UPDATE`,
    [INSTANCE, challenge_id, enrolment.node],
  );
  if (challenge === undefined) throw new Refused('challenge_unknown');
  const open = challengeOpen(challenge, challenge.now);
  if (!open.ok) throw new Refused(open.code);
  if (!proves(answer, challenge.expected)) throw new Refused('credential_failed');
  const shown = shownBy(evidence);
  if (shown === null) throw new Refused('quote_failed', ['evidence_parses']);

  const approval = { by: by.actor, reason: 'enrolment', ticket: null };
  const reference = (now: string) => firstReference({ node: enrolment.node, ...shown }, { ...approval, now });
  const recorded = answer.replace
    ? await replaceNode(tx, by, enrolment, shown, signer)
    : await enrolNode(tx, by, enrolment, reference, signer);
  if (!recorded.ok) throw new Refused(recorded.code);
  const appraised = await appraiseChallenge(tx, by, { challenge_id, evidence }, context, challenge.now);
  if (!appraised.ok) throw new Refused('quote_failed', [appraised.code]);
  if (!appraised.passed) throw new Refused('quote_failed', appraised.failed.map((c) => c.claim).slice(0, 32));
  const watch = { type: 'attestationWatch', subject: enrolment.node, version: 1, actor: by.actor } as const;
  await wakeWatch(tx, watch, challenge.now);
}

/** Compared as digests, in the same time wherever they differ. */
function proves({ proof, enrolment }: EnrolmentAnswer, expected: string | null): boolean {
  if (proof === null || expected === null || !/^[0-9a-f]{64}$/.test(proof)) return false;
  const { node, ek_trust, ek_public, ek_certificate, ak_public, ak_name } = enrolment;
  const keys = { node, ek_trust, ek_public, ek_certificate, ak_public, ak_name };
  const actual = Buffer.from(expectedProof(Buffer.from(proof, 'hex'), keys, sha256), 'hex');
  const wanted = Buffer.from(expected, 'hex');
  return actual.length === wanted.length && timingSafeEqual(actual, wanted);
}

async function spend(tx: Tx, { challenge_id, enrolment }: EnrolmentAnswer): Promise<void> {
  await tx.query(
    `UPDATE challenges SET used_at = date_trunc('milliseconds', clock_timestamp())
      WHERE workspace_id = $1 AND challenge_id = $2 AND node = $3 AND purpose = 'enrol' AND used_at IS NULL`,
    [INSTANCE, challenge_id, enrolment.node],
  );
}
