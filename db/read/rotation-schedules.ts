import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { rotationSchedules } from '../schema/rotations.ts';
import type { Page } from './list-incidents.ts';
import type { RotationPosition } from './rotations.ts';

export type RotationSchedule = typeof rotationSchedules.$inferSelect;
/** `overdue`: it should have been opened, and no worker has. */
export type ScheduleStanding = RotationSchedule & { overdue: boolean };

/** A worker looks every few seconds: who waits longer waits for one, or for what stands in the way. */
const OVERDUE_AFTER = '1 minute';

/** The statement of `listSchedules`. */
export const scheduleListQuery = (
  workspace_id: string,
  { limit, after }: { limit: number; after?: RotationPosition },
) => ({
  text: `SELECT *, next_due_at < clock_timestamp() - interval '${OVERDUE_AFTER}' AS overdue FROM rotation_schedules
      WHERE workspace_id = $1 ${after === undefined ? '' : 'AND (created_at, schedule_id) > ($3, $4)'}
    ORDER BY created_at, schedule_id LIMIT $2`,
  values: [workspace_id, limit + 1, ...(after === undefined ? [] : [after.created_at, after.id])],
});

/** The schedules of a workspace, oldest first. */
export async function listSchedules(
  db: Queryable,
  workspace_id: string,
  page: { limit: number; after?: RotationPosition },
): Promise<Page<ScheduleStanding, RotationPosition>> {
  const { text, values } = scheduleListQuery(workspace_id, page);
  const found = await rows<ScheduleStanding>(db, text, values);
  const items = found.slice(0, page.limit);
  const last = items.at(-1);
  const more = found.length > page.limit && last !== undefined;
  return { items, next: more ? { created_at: last.created_at, id: last.schedule_id } : null };
}
