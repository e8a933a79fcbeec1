import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';
import type { checklistSteps } from '../schema/checklists.ts';

export type ChecklistStepRow = typeof checklistSteps.$inferSelect;

/** No checklist has more steps, and there are few checklists. */
const MOST = 1000;

/** The last outcome of every step taken in an incident, of one checklist or of all. */
export async function takenSteps(
  db: Queryable,
  { workspace_id, incident_id, checklist }: { workspace_id: string; incident_id: string; checklist?: string },
): Promise<ChecklistStepRow[]> {
  return rows<ChecklistStepRow>(
    db,
    `SELECT DISTINCT ON (workspace_id, checklist, step) * FROM checklist_steps
      WHERE workspace_id = ANY($1) AND incident_id = $2 AND ($3::text IS NULL OR checklist = $3)
      ORDER BY workspace_id, checklist, step, n DESC LIMIT ${MOST}`,
    [visibleWorkspaces(workspace_id), incident_id, checklist ?? null],
  );
}
