import { incidentCounts, tallies } from '../../db/read/counts.ts';
import type { IncidentCount } from '../../db/read/counts.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler({ caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const counts = await incidentCounts(db, caller.workspace_id);
  const { contained_ever } = await tallies(db, caller.workspace_id);
  const open = counts.filter((c) => c.state !== 'resolved');
  const total = sum(counts);
  return ok({
    total_incidents: total,
    open_incidents: sum(open),
    contained_count: contained_ever,
    resolved_count: total - sum(open),
    by_class: sumBy(counts, 'class'),
    open_by_severity: sumBy(open, 'severity'),
  });
}

const sum = (counts: IncidentCount[]): number => counts.reduce((n, c) => n + c.n, 0);

function sumBy(counts: IncidentCount[], key: 'class' | 'severity'): Record<string, number> {
  const out: Record<string, number> = {};
  for (const c of counts) if (c.n > 0) out[c[key]] = (out[c[key]] ?? 0) + c.n;
  return out;
}

export const route: Route = { method: 'GET', path: '/api/v1/stats', action: 'status.read', handler };
