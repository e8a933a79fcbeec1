import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { Page } from './list-incidents.ts';

export interface Notification {
  id: number;
  kind: 'alert' | 'reminder' | 'page';
  severity: string;
  message: string;
  created_at: string;
  seen_at: string | null;
  seen_by: string | null;
}

export interface NotificationFilter {
  /** Of the incident. */
  workspace_id: string;
  incident_id: string;
  limit: number;
  /** The last one of the page before; ids count from 1. */
  after: number;
}

/** What operators were told of an incident, oldest first. */
export async function listNotifications(
  db: Queryable,
  filter: NotificationFilter,
): Promise<Page<Notification, number>> {
  const { text, values } = notificationsQuery(filter);
  const found = await rows<Notification>(db, text, values);
  const items = found.slice(0, filter.limit);
  return { items, next: found.length > filter.limit ? (items.at(-1)?.id ?? null) : null };
}

/** The statement of `listNotifications`. */
export const notificationsQuery = ({ workspace_id, incident_id, limit, after }: NotificationFilter) => ({
  text: `SELECT id, kind, severity, message, created_at, seen_at, seen_by FROM notifications
    WHERE workspace_id = $1 AND incident_id = $2 AND id > $3 ORDER BY id LIMIT $4`,
  values: [workspace_id, incident_id, after, limit + 1],
});
