import type { Environment } from '../../domain/attestation/appraise.ts';
import type { Claim } from '../../domain/attestation/claim.ts';
import { evidenceMissing } from '../../domain/attestation/state.ts';
import { appraiseChallenge } from '../attestation/appraise-challenge.ts';
import type { Answer } from '../attestation/appraise-challenge.ts';
import type { AttestationContext } from '../attestation/context.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { endWatch } from '../write/watches.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { writeChallenge } from './challenges.ts';
import type { OpenedChallenge } from './challenges.ts';
import { enrolledNode } from './enrol.ts';
import { reportOwn } from './own-report.ts';

export interface Watched {
  passed: boolean;
  /** The incident that the mismatch is, new or the open one it folded into. */
  incident_id?: string;
}

/** A look that saw nothing. `awaited`: nothing was seen since the last start either. */
export interface Missed {
  missed: number;
  awaited: boolean;
  /** The incident that the silence has become. */
  incident_id?: string;
}

export const clock = async (tx: Tx): Promise<string> =>
  (await one<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`))?.now ?? '';

/** A challenge that serves no incident: the watch only looks. Null when the node is not enrolled (any more). */
export async function openWatchChallenge(db: Database, by: Caller, node: string): Promise<OpenedChallenge | null> {
  return transaction(db, async (tx) => {
    const known = await enrolledNode(tx, node);
    if (known?.state === 'enrolled') return writeChallenge(tx, by, node, 'watch', []);
    await endWatch(tx, 'attestationWatch', node, await clock(tx));
    return null;
  });
}

/**
 * Appraises the watch's quote; a failed one is reported as `attestation_failure`, once per challenge however often this
 * is repeated. The quote of a node that was retired meanwhile counts for nothing. Throws `Error` for a challenge that is
 * unknown, expired, or spent without a result.
 */
export async function recordQuote(
  db: Database,
  by: Caller,
  answer: Answer,
  context: AttestationContext,
): Promise<Watched> {
  const result = await transaction(db, async (tx) => {
    const appraised = await appraiseChallenge(tx, by, answer, context, await clock(tx));
    if (appraised.ok) return appraised;
    return appraised.code === 'node_unknown' ? null : recorded(tx, answer);
  });
  if (result === null) return { passed: false };
  if (result.passed) return { passed: true };
  const failed = result.failed.map((c) => c.claim);
  const incident = await reportOwn(db, by, 'attestation_failure', answer.challenge_id, {
    ...aboutNode(result.node),
    description: `the quote of ${result.node} does not match: ${failed.join(', ')}`.slice(0, 1024),
    evidence: { node: result.node, challenge_id: answer.challenge_id, failed: result.failed.slice(0, 16) },
  });
  return { passed: false, incident_id: incident.id };
}

const aboutNode = (node: string) => ({ source: `attestation/${node}`, dedup_key: `attestation/${node}` });

async function recorded(tx: Tx, answer: Answer): Promise<{ node: string; passed: boolean; failed: Claim[] }> {
  const row = await one<{ node: string; passed: boolean; claims: string }>(
    tx,
    'SELECT node, passed, claims FROM attestation_results WHERE workspace_id = $1 AND challenge_id = $2',
    [INSTANCE, answer.challenge_id],
  );
  if (row === undefined) throw new Error(`challenge ${answer.challenge_id} can no longer be answered`);
  return { node: row.node, passed: row.passed, failed: (JSON.parse(row.claims) as Claim[]).filter((c) => !c.ok) };
}

interface Silent {
  missed_quotes: number;
  reboot_pending: boolean;
  last_pass_at: string | null;
  enrolled_at: string;
  version: number;
}

/**
 * Counts a quote that did not come, with its entry; from the second on the node's state is `unknown`. In production a
 * silence of 5 minutes is itself reported, as `attestation_failure` with the claim `evidence_missing`.
 */
export async function recordMissedQuote(
  db: Database,
  by: Caller,
  { node, reason }: { node: string; reason: string },
  environment: Environment,
): Promise<Missed> {
  const silent = await transaction(db, async (tx) => {
    const row = await one<Silent>(
      tx,
      `UPDATE attestation_nodes SET missed_quotes = missed_quotes + 1, version = version + 1
        WHERE workspace_id = $1 AND node = $2 AND state = 'enrolled'
        RETURNING missed_quotes, reboot_pending, last_pass_at, enrolled_at, version`,
      [INSTANCE, node],
    );
    if (row === undefined) return null;
    const now = await clock(tx);
    await writeEntries(tx, [
      {
        workspace_id: INSTANCE,
        at: now,
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
    return { ...row, now };
  });
  if (silent === null) return { missed: 0, awaited: false };
  const since = silent.last_pass_at ?? silent.enrolled_at;
  const missed = { missed: silent.missed_quotes, awaited: silent.reboot_pending || silent.last_pass_at === null };
  if (!evidenceMissing(environment, since, silent.now)) return missed;
  const incident = await reportOwn(db, by, 'attestation_failure', `evidence_missing/${node}@${silent.version}`, {
    ...aboutNode(node),
    description: `no quote of ${node} has passed since ${since}`,
    evidence: { node, since, reason, failed: [{ claim: 'evidence_missing', ok: false }] },
  });
  return { ...missed, incident_id: incident.id };
}
