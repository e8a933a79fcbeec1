import type { IncidentClass, Severity } from '../../domain/containment/types.ts';
import type { IncidentState } from '../../domain/incident/types.ts';
import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';

export interface IncidentCount {
  class: IncidentClass;
  severity: Severity;
  state: IncidentState;
  n: number;
}

/** Counter rows of the workspaces the caller sees, summed per class, severity and state. */
export async function incidentCounts(db: Queryable, workspace_id: string): Promise<IncidentCount[]> {
  return rows<IncidentCount>(
    db,
    `SELECT class, severity, state, sum(n)::int8 AS n FROM incident_counters
      WHERE workspace_id = ANY($1) GROUP BY class, severity, state`,
    [visibleWorkspaces(workspace_id)],
  );
}

/** Open and total incidents of the whole instance; everything but `resolved` is open. */
export async function instanceCounts(db: Queryable): Promise<{ open_incidents: number; total_incidents: number }> {
  const row = await one<{ open: number; total: number }>(
    db,
    `SELECT coalesce(sum(n) FILTER (WHERE state <> 'resolved'), 0)::int8 AS open, coalesce(sum(n), 0)::int8 AS total
      FROM incident_counters`,
  );
  return { open_incidents: row?.open ?? 0, total_incidents: row?.total ?? 0 };
}

export type TallyName = 'contained_ever' | 'recovery_pending' | 'notifications_open';

/** Named totals of the workspaces the caller sees; a name never counted is 0. */
export async function tallies(db: Queryable, workspace_id: string): Promise<Record<TallyName, number>> {
  const found = await rows<{ name: TallyName; n: number }>(
    db,
    'SELECT name, sum(n)::int8 AS n FROM tallies WHERE workspace_id = ANY($1) GROUP BY name',
    [visibleWorkspaces(workspace_id)],
  );
  return {
    contained_ever: 0,
    recovery_pending: 0,
    notifications_open: 0,
    ...Object.fromEntries(found.map((r) => [r.name, r.n])),
  };
}
