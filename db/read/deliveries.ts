import type { DeliveryState } from '../../domain/hook/delivery.ts';
import { one, rows } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';
import type { Queryable } from '../client.ts';

/** A delivery without what is sent. */
export interface DeliveryStanding {
  delivery_id: string;
  hook: string;
  notification_id: number;
  state: DeliveryState;
  attempts: number;
  last_error: string | null;
  created_at: string;
  next_attempt_at: string | null;
  settled_at: string | null;
}

const COLUMNS =
  'delivery_id, hook, notification_id, state, attempts, last_error, created_at, next_attempt_at, settled_at';

export interface DeliveryPage {
  state: DeliveryState | undefined;
  after: { created_at: string; id: string } | undefined;
  limit: number;
}

/**
 * The deliveries that the workspace may see, newest first, behind `after`: one walk of an index in each of at most two
 * workspaces, for the instance's own belong to `system`.
 */
export async function listDeliveries(
  db: Queryable,
  workspace_id: string,
  { state, after, limit }: DeliveryPage,
): Promise<DeliveryStanding[]> {
  const position = [after?.created_at ?? 'infinity', after?.id ?? '~'];
  const order = 'ORDER BY created_at DESC, delivery_id DESC LIMIT $4';
  const of = (condition: string) =>
    `SELECT d.* FROM unnest($1::text[]) AS w CROSS JOIN LATERAL (SELECT ${COLUMNS} FROM deliveries
      WHERE workspace_id = w ${condition} AND (created_at, delivery_id) < ($2, $3) ${order}) AS d ${order}`;
  const values = [visibleWorkspaces(workspace_id), ...position, limit];
  return state === undefined ? rows(db, of(''), values) : rows(db, of('AND state = $5'), [...values, state]);
}

/** One delivery, with what is sent. */
export async function findDelivery(
  db: Queryable,
  workspace_id: string,
  delivery_id: string,
): Promise<(DeliveryStanding & { body: string }) | undefined> {
  return one(db, `SELECT ${COLUMNS}, body FROM deliveries WHERE workspace_id = ANY($1) AND delivery_id = $2`, [
    visibleWorkspaces(workspace_id),
    delivery_id,
  ]);
}

export interface IncidentDeliveries {
  workspace_id: string;
  incident_id: string;
  limit: number;
  after: { notification_id: number; delivery_id: string };
}

/** The deliveries of what operators were told of an incident, in the order it was told; one more than the page holds. */
export const incidentDeliveriesQuery = ({ workspace_id, incident_id, limit, after }: IncidentDeliveries) => ({
  text: `SELECT ${COLUMNS.split(', ')
    .map((column) => `d.${column}`)
    .join(', ')}
    FROM notifications n JOIN deliveries d ON d.workspace_id = n.workspace_id AND d.notification_id = n.id
    WHERE n.workspace_id = $1 AND n.incident_id = $2 AND n.id >= $3 AND (n.id, d.delivery_id) > ($3, $4)
    ORDER BY n.id, d.delivery_id LIMIT $5`,
  values: [workspace_id, incident_id, after.notification_id, after.delivery_id, limit + 1] as unknown[],
});

export async function incidentDeliveries(db: Queryable, of: IncidentDeliveries): Promise<DeliveryStanding[]> {
  const { text, values } = incidentDeliveriesQuery(of);
  return rows(db, text, values);
}
