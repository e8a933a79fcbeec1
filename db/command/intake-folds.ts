import { consequence, targetsOf } from '../../domain/containment/consequence.ts';
import type { ContainmentPolicy } from '../../domain/containment/policy.ts';
import { targetKey } from '../../domain/incident/create.ts';
import { dedupKey, floodKey } from '../../domain/intake/types.ts';
import type { IntakeReport } from '../../domain/intake/types.ts';
import { prepared, rows } from '../client.ts';
import type { Tx } from '../transaction.ts';

interface Found {
  workspace_id: string;
  newest: string;
  count: number;
}

/** Unresolved incidents that carry a dedup key of the batch, by `dedupKey`. */
export async function findDedups(tx: Tx, reports: IntakeReport[]): Promise<Map<string, Found>> {
  const keys = [...new Set(reports.map(dedupKey).filter((key) => key !== null))].sort();
  if (keys.length === 0) return new Map();
  const parts = keys.map((key) => JSON.parse(key) as [string, string, string, string, string]);
  const column = (i: number) => parts.map((p) => p[i]);
  const found = await rows<{ i: number; workspace_id: string; id: string }>(
    tx,
    `SELECT k.i, t.workspace_id, t.id
      FROM unnest($1::int4[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS k(i, w, actor, source, class, dedup)
      JOIN incidents t ON t.workspace_id = k.w AND t.actor = k.actor AND t.source = k.source AND t.class = k.class
        AND t.dedup_key = k.dedup AND t.state <> 'resolved' AND t.dedup_key IS NOT NULL`,
    [keys.map((_, i) => i), column(0), column(1), column(2), column(3), column(4)],
  );
  return new Map(
    found.map((row) => [keys[row.i] as string, { workspace_id: row.workspace_id, newest: row.id, count: 1 }]),
  );
}

/** How many unresolved ceremony-bound incidents share class, source and targets, counted up to the flood limit. */
export async function findFloods(
  tx: Tx,
  reports: IntakeReport[],
  policy: ContainmentPolicy,
): Promise<Map<string, Found>> {
  const keys = new Set<string>();
  for (const { workspace_id, report } of reports) {
    const rule = policy.classes[report.class];
    const what = consequence(policy, report.class, report.severity ?? rule.severity);
    if (!what.require_ack && !what.require_reattest && rule.escalation === undefined) continue;
    keys.add(
      floodKey(workspace_id, report.class, report.source, targetKey(targetsOf(what.actions, report.evidence).targets)),
    );
  }
  if (keys.size === 0) return new Map();
  const sorted = [...keys].sort();
  const parts = sorted.map((key) => JSON.parse(key) as [string, string, string, string]);
  const column = (i: number) => parts.map((p) => p[i]);
  const found = await prepared<{ i: number; newest: string; count: number }>(
    tx,
    'floods-find',
    `SELECT k.i, f.newest, f.count
      FROM unnest($1::int4[], $2::text[], $3::text[], $4::text[], $5::text[]) AS k(i, w, class, source, target)
      CROSS JOIN LATERAL (
        SELECT count(*) AS count, (array_agg(id ORDER BY number DESC))[1] AS newest FROM (
          SELECT id, number FROM incidents t WHERE t.workspace_id = k.w AND t.class = k.class AND t.source = k.source
            AND t.target_key = k.target AND t.state <> 'resolved' AND (t.require_ack OR t.require_reattest)
          ORDER BY number DESC LIMIT $6) AS newest_first) AS f
      WHERE f.count > 0`,
    [sorted.map((_, i) => i), column(0), column(1), column(2), column(3), policy.flood_limit],
  );
  return new Map(
    found.map((row) => [
      sorted[row.i] as string,
      { workspace_id: parts[row.i]?.[0] ?? '', newest: row.newest, count: row.count },
    ]),
  );
}
