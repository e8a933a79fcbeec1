import { canonicalJson } from '../../domain/canonical/json.ts';
import { incidentView } from '../../domain/incident/record.ts';
import { requirementOf } from '../../domain/incident/requirement.ts';
import type { Incident } from '../../domain/incident/types.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';
import { gateWorkspaces } from './check-gate.ts';
import { pendingRecoveries } from './pending-recoveries.ts';
import type { RecoveryPosition } from './pending-recoveries.ts';
import { walk } from './walk.ts';

/** Pages of canonical texts, as they stand in a forensic bundle: each page is one walk of an index. */
export type Pages = AsyncGenerator<string[]>;

/** Incidents may have 64 KiB of evidence each. */
const INCIDENTS = 200;
const PAGE = 500;

/** Every incident that the workspace sees, by workspace and id. */
export async function* incidentPages(tx: Queryable, workspace_id: string): Pages {
  const text = `SELECT * FROM incidents WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT ${INCIDENTS}`;
  for (const workspace of visibleWorkspaces(workspace_id)) {
    const page = (after: string) => rows<Incident>(tx, text, [workspace, after]);
    for await (const found of walk('', INCIDENTS, page, (last) => last.id))
      yield found.map((incident) => canonicalJson(incidentView(incident)));
  }
}

interface HoldRow {
  hold_id: string;
  gate: string;
  target: string;
  action: string;
  incident_id: string | null;
  kill_id: string | null;
  drill_id: string | null;
  reason: string;
  generation: number;
  placed_at: string;
  release_granted_at: string | null;
  release_granted_by: string | null;
  awaited: boolean;
}

const STANDING = `SELECT hold_id, gate, target, action, incident_id, kill_id, drill_id, reason, generation, placed_at,
    release_granted_at, release_granted_by, awaited FROM holds
  WHERE workspace_id = $1 AND released_at IS NULL AND (gate, target, placed_at, hold_id) > ($2, $3, $4, $5)
  ORDER BY gate, target, placed_at, hold_id LIMIT ${PAGE}`;

/** Every hold that closes a gate for the workspace, those of the instance too. */
export async function* holdPages(tx: Queryable, workspace_id: string): Pages {
  for (const workspace of gateWorkspaces(workspace_id)) {
    const page = (after: string[]) => rows<HoldRow>(tx, STANDING, [workspace, ...after]);
    const position = (h: HoldRow) => [h.gate, h.target, h.placed_at, h.hold_id];
    for await (const found of walk(['', '', '-infinity', ''], PAGE, page, position))
      yield found.map((hold) => canonicalJson({ ...hold, workspace_id: workspace }));
  }
}

/** Every ceremony that is not complete, oldest first, as recovery status shows it. */
export async function* recoveryPages(tx: Queryable, workspace_id: string): Pages {
  for (let after: RecoveryPosition | undefined; ;) {
    const filter = { workspace_id, limit: INCIDENTS, ...(after === undefined ? {} : { after }) };
    const { items, next } = await pendingRecoveries(tx, filter);
    if (items.length > 0) yield items.map((incident) => canonicalJson(requirementOf(incident)));
    if (next === null) return;
    after = next;
  }
}
