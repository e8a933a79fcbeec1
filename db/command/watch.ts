import type { Claim } from '../../domain/attestation/claim.ts';
import { canonicalJson } from '../../domain/canonical/json.ts';
import type { IncidentClass } from '../../domain/containment/types.ts';
import { integrityEvidence } from '../../domain/integrity/evidence.ts';
import type { Incident } from '../../domain/incident/types.ts';
import { appraiseChallenge } from '../attestation/appraise-challenge.ts';
import type { Answer } from '../attestation/appraise-challenge.ts';
import { checkBaseline } from '../attestation/check-baseline.ts';
import type { Observation } from '../attestation/check-baseline.ts';
import type { AttestationContext } from '../attestation/context.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { requestDigest } from './decisions.ts';
import { recordReports } from './intake.ts';
import { writeChallenge } from './challenges.ts';
import type { OpenedChallenge } from './challenges.ts';

export interface Watched {
  passed: boolean;
  /** The incident that the mismatch is, new or the open one it folded into. */
  incident_id?: string;
}

/** A challenge that serves no incident: the watch only looks. */
export async function openWatchChallenge(db: Database, by: Caller, node: string): Promise<OpenedChallenge> {
  return transaction(db, (tx) => writeChallenge(tx, by, node, 'watch', []));
}

const clock = async (tx: Tx): Promise<string> =>
  (await one<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`))?.now ?? '';

/**
 * Appraises the watch's quote; a failed one is reported as `attestation_failure`, once per challenge however often this
 * is repeated. Throws `Error` for a challenge that is unknown, expired, or spent without a result.
 */
export async function recordQuote(
  db: Database,
  by: Caller,
  answer: Answer,
  context: AttestationContext,
): Promise<Watched> {
  const result = await transaction(db, async (tx) => {
    const appraised = await appraiseChallenge(tx, by, answer, context, await clock(tx));
    return appraised.ok
      ? { node: appraised.node, passed: appraised.passed, failed: appraised.failed }
      : recorded(tx, answer);
  });
  if (result.passed) return { passed: true };
  const failed = result.failed.map((c) => c.claim);
  const incident = await report(db, by, 'attestation_failure', answer.challenge_id, {
    source: `attestation/${result.node}`,
    description: `the quote of ${result.node} does not match: ${failed.join(', ')}`.slice(0, 1024),
    evidence: { node: result.node, challenge_id: answer.challenge_id, failed: result.failed.slice(0, 16) },
    dedup_key: `attestation/${result.node}`,
  });
  return { passed: false, incident_id: incident.id };
}

async function recorded(tx: Tx, answer: Answer): Promise<{ node: string; passed: boolean; failed: Claim[] }> {
  const row = await one<{ node: string; passed: boolean; claims: string }>(
    tx,
    'SELECT node, passed, claims FROM attestation_results WHERE workspace_id = $1 AND challenge_id = $2',
    [INSTANCE, answer.challenge_id],
  );
  if (row === undefined) throw new Error(`challenge ${answer.challenge_id} can no longer be answered`);
  return { node: row.node, passed: row.passed, failed: (JSON.parse(row.claims) as Claim[]).filter((c) => !c.ok) };
}

/** Compares observed files with the baseline; a difference is reported as `integrity_violation`. `check_id` is the retry's key. */
export async function recordCheck(
  db: Database,
  by: Caller,
  check_id: string,
  observation: Observation,
  context: AttestationContext,
): Promise<Watched> {
  const checked = await transaction(db, async (tx) => checkBaseline(tx, by, observation, context, await clock(tx)));
  if (checked.ok && checked.passed) return { passed: true };
  const evidence = checked.ok
    ? { ...integrityEvidence(checked.baseline, checked.differences) }
    : { baseline: observation.baseline, refused: checked.code };
  const incident = await report(db, by, 'integrity_violation', check_id, {
    source: `integrity/${observation.baseline}`,
    description: `files differ from the baseline ${observation.baseline}`,
    evidence,
    dedup_key: `integrity/${observation.baseline}`,
  });
  return { passed: false, incident_id: incident.id };
}

/** Counts a quote that did not come, with its entry; from the second on the node's state is `unknown`. */
export async function recordMissedQuote(db: Database, by: Caller, node: string, reason: string): Promise<number> {
  return transaction(db, async (tx) => {
    const row = await one<{ missed_quotes: number; version: number }>(
      tx,
      `UPDATE attestation_nodes SET missed_quotes = missed_quotes + 1, version = version + 1
        WHERE workspace_id = $1 AND node = $2 RETURNING missed_quotes, version`,
      [INSTANCE, node],
    );
    if (row === undefined) return 0;
    await writeEntries(tx, [
      {
        workspace_id: INSTANCE,
        at: await clock(tx),
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: 'quote_missed',
        object: `node/${node}`,
        record_hash: null,
        record_version: row.version,
        detail: { missed: row.missed_quotes, reason },
        policy_digest: null,
      },
    ]);
    return row.missed_quotes;
  });
}

interface Observed {
  source: string;
  description: string;
  evidence: Record<string, unknown>;
  dedup_key: string;
}

async function report(
  db: Database,
  by: Caller,
  cls: IncidentClass,
  key: string,
  observed: Observed,
): Promise<Incident> {
  const [reply] = await recordReports(db, [
    {
      ...by,
      workspace_id: INSTANCE,
      report: { class: cls, ...observed },
      evidence: canonicalJson(observed.evidence),
      key: { decision_id: key, request_digest: requestDigest(observed) },
    },
  ]);
  if (reply?.ok !== true) throw new Error(`the instance's own report was refused: ${reply?.code ?? 'no answer'}`);
  return reply.incident;
}
