import { canonicalJson } from '../../domain/canonical/json.ts';
import { prepared } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import type { Caller } from './caller.ts';

/** A decision as its caller sent it: the id makes a repeat recognisable, the digest tells a repeat from another request. */
export interface DecisionKey {
  decision_id: string;
  request_digest: string;
}

export const requestDigest = (request: unknown): string =>
  Buffer.from(sha256(Buffer.from(canonicalJson(request)))).toString('hex');

/**
 * The database's clock at millisecond precision, and the recorded outcome if this decision was taken before. Several
 * workspaces may be named where the aggregate's id is unique among them.
 */
export async function recall(tx: Tx, workspaces: string | string[], aggregate: string, key: DecisionKey) {
  const [row] = await prepared<{ now: string; outcome: string | null; request_digest: string | null }>(
    tx,
    'decision-recall',
    `SELECT date_trunc('milliseconds', clock_timestamp()) AS now, d.outcome, d.request_digest FROM (SELECT 1) AS one
      LEFT JOIN decisions d ON d.workspace_id = ANY($1) AND d.aggregate = $2 AND d.decision_id = $3`,
    [[workspaces].flat(), aggregate, key.decision_id],
  );
  if (row === undefined) throw new Error('the database has no clock');
  const known = row.outcome === null ? null : (JSON.parse(row.outcome) as unknown);
  return { now: row.now, known, reused: known !== null && row.request_digest !== key.request_digest };
}

/** Records what was decided, in the transaction of its effect. */
export async function remember(
  tx: Tx,
  by: Caller,
  decision: DecisionKey & {
    aggregate: string;
    kind: string;
    outcome: unknown;
    now: string;
    signed?: { envelope: string };
  },
): Promise<void> {
  await tx.query({
    name: 'decision-insert',
    text: `INSERT INTO decisions (workspace_id, aggregate, decision_id, kind, request_digest, outcome, at, actor, on_behalf_of, envelope)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    values: [
      by.workspace_id,
      decision.aggregate,
      decision.decision_id,
      decision.kind,
      decision.request_digest,
      canonicalJson(decision.outcome),
      decision.now,
      by.actor,
      by.on_behalf_of,
      decision.signed?.envelope ?? null,
    ],
  });
}
