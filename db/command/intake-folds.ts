import type { ContainmentPolicy } from '../../domain/containment/policy.ts';
import type { Incident } from '../../domain/incident/types.ts';
import { floodsOf } from '../../domain/intake/flood.ts';
import { dedupKey, incidentKey, windowKey } from '../../domain/intake/types.ts';
import type { IntakeReport, IntakeState } from '../../domain/intake/types.ts';
import { prepared } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from '../write/change.ts';

/** Workspace and class of every window that the reports are counted in, in the order in which they are locked. */
export const windowsOf = (reports: IntakeReport[]): [string, string][] =>
  [...new Set(reports.map((r) => windowKey(r.workspace_id, r.report.class)))]
    .sort()
    .map((key) => JSON.parse(key) as [string, string]);

/**
 * Unresolved incidents that the batch may change, locked by id, each with the dedup key or the flood that names it:
 * those whose events stand in the locked windows, those that carry a dedup key, and the newest of each flood, whose
 * ceremony-bound incidents of one class, source and targets are counted up to the limit. The nested loops that the
 * LATERALs ask for are right for any size of the table, so the plan may be kept.
 */
const LOCK = `WITH deduped AS MATERIALIZED (
    SELECT t.workspace_id, t.id, k.i
      FROM unnest($3::int4[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) AS k(i, w, actor, source, class, dedup)
      CROSS JOIN LATERAL (SELECT workspace_id, id FROM incidents t
        WHERE t.workspace_id = k.w AND t.actor = k.actor AND t.source = k.source AND t.class = k.class
          AND t.dedup_key = k.dedup AND t.state <> 'resolved' AND t.dedup_key IS NOT NULL LIMIT 1) AS t),
  flooded AS MATERIALIZED (
    SELECT k.w AS workspace_id, f.newest AS id, k.i, f.count
      FROM unnest($9::int4[], $10::text[], $11::text[], $12::text[], $13::text[]) AS k(i, w, class, source, target)
      CROSS JOIN LATERAL (
        SELECT count(*) AS count, (array_agg(id ORDER BY number DESC))[1] AS newest FROM (
          SELECT id, number FROM incidents t WHERE t.workspace_id = k.w AND t.class = k.class AND t.source = k.source
            AND t.target_key = k.target AND t.state <> 'resolved' AND (t.require_ack OR t.require_reattest)
          ORDER BY number DESC LIMIT $14) AS newest_first) AS f
      WHERE f.count > 0),
  counted AS (
    SELECT w.workspace_id, e->>'incident_id' AS id
      FROM unnest($1::text[], $2::text[]) AS k(w, c)
      JOIN escalation_windows w ON w.workspace_id = k.w AND w.class = k.c
      CROSS JOIN LATERAL jsonb_array_elements(w.events) AS e),
  named AS (
    SELECT workspace_id, id, max(dedup) AS dedup, max(flood) AS flood, max(count) AS count FROM (
      SELECT workspace_id, id, NULL::int4 AS dedup, NULL::int4 AS flood, NULL::int8 AS count FROM counted
      UNION ALL SELECT workspace_id, id, i, NULL, NULL FROM deduped
      UNION ALL SELECT workspace_id, id, NULL, i, count FROM flooded) AS found
    GROUP BY workspace_id, id ORDER BY id)
  SELECT n.dedup AS named_dedup, n.flood AS named_flood, n.count AS named_count, i.* FROM named n
    CROSS JOIN LATERAL (SELECT * FROM incidents i
      WHERE i.workspace_id = n.workspace_id AND i.id = n.id AND i.state <> 'resolved' FOR UPDATE) AS i`;

interface Named extends Incident {
  named_dedup: number | null;
  named_flood: number | null;
  named_count: number | null;
}

/** The incidents of an intake's state with what names them; the windows are locked before. */
export async function lockNamed(
  tx: Tx,
  reports: IntakeReport[],
  policy: ContainmentPolicy,
): Promise<Pick<IntakeState, 'incidents' | 'dedup' | 'floods'>> {
  const windows = windowsOf(reports);
  const dedups = partsOf(reports.map(dedupKey));
  const floods = partsOf(reports.flatMap((r) => floodsOf(r, policy, sha256)));
  const found = await prepared<Named>(tx, 'intake-lock', LOCK, [
    windows.map(([workspace_id]) => workspace_id),
    windows.map(([, cls]) => cls),
    ...dedups.columns(5),
    ...floods.columns(4),
    policy.flood_limit,
  ]);
  const state: Pick<IntakeState, 'incidents' | 'dedup' | 'floods'> = {
    incidents: new Map(),
    dedup: new Map(),
    floods: new Map(),
  };
  for (const { named_dedup, named_flood, named_count, ...incident } of found) {
    state.incidents.set(incidentKey(incident.workspace_id, incident.id), incident);
    if (named_dedup !== null) state.dedup.set(dedups.keys[named_dedup] as string, incident.id);
    if (named_flood !== null)
      state.floods.set(floods.keys[named_flood] as string, { count: named_count ?? 0, newest: incident.id });
  }
  return state;
}

/** Distinct keys in order, and their index and parts as columns. */
function partsOf(given: (string | null)[]): { keys: string[]; columns: (parts: number) => unknown[][] } {
  const keys = [...new Set(given.filter((key) => key !== null))].sort();
  const parts = keys.map((key) => JSON.parse(key) as string[]);
  const column = (i: number) => parts.map((p) => p[i]);
  return { keys, columns: (n) => [keys.map((_, i) => i), ...Array.from({ length: n }, (_, i) => column(i))] };
}
