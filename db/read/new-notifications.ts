import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';

export interface NewNotification {
  id: number;
  workspace_id: string;
  kind: string;
  incident_id: string | null;
  severity: string;
  created_at: string;
}

export async function newestNotification(db: Queryable): Promise<number> {
  const row = await one<{ id: number }>(db, 'SELECT coalesce(max(id), 0) AS id FROM notifications');
  return row?.id ?? 0;
}

/** Notifications above an id, in order. A lower id may commit later, so callers look back a little. */
export async function notificationsAbove(db: Queryable, id: number, limit: number): Promise<NewNotification[]> {
  return rows<NewNotification>(
    db,
    `SELECT id, workspace_id, kind, incident_id, severity, created_at FROM notifications WHERE id > $1 ORDER BY id LIMIT $2`,
    [id, limit],
  );
}
