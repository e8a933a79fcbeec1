import type { Incident } from '../../domain/incident/types.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';
import type { Page } from './list-incidents.ts';
import { Parameters } from './parameters.ts';

export interface RecoveryPosition {
  created_at: string;
  id: string;
}

export interface RecoveryFilter {
  workspace_id: string;
  limit: number;
  after?: RecoveryPosition;
}

/** Incidents whose ceremony is incomplete, oldest first. */
export async function pendingRecoveries(
  db: Queryable,
  filter: RecoveryFilter,
): Promise<Page<Incident, RecoveryPosition>> {
  const { text, values } = pendingRecoveriesQuery(filter);
  const found = await rows<Incident>(db, text, values);
  const items = found.slice(0, filter.limit);
  const last = items.at(-1);
  const more = found.length > filter.limit && last !== undefined;
  return { items, next: more ? { created_at: last.created_at, id: last.id } : null };
}

/** The statement of `pendingRecoveries`; it asks for one row more than the page holds. */
export function pendingRecoveriesQuery({ workspace_id, limit, after }: RecoveryFilter): {
  text: string;
  values: unknown[];
} {
  const parameters = new Parameters();
  const n = parameters.add(limit + 1, 'int4');
  const behind =
    after === undefined
      ? ''
      : ` AND (created_at, id) > (${parameters.add(after.created_at, 'timestamptz')}, ${parameters.add(after.id)})`;
  const parts = visibleWorkspaces(workspace_id).map(
    (w) =>
      `(SELECT * FROM incidents WHERE workspace_id = ${parameters.add(w)} AND recovery_pending${behind}
        ORDER BY created_at, id LIMIT ${n})`,
  );
  const text = `SELECT * FROM (${parts.join(' UNION ALL ')}) AS page ORDER BY created_at, id LIMIT ${n}`;
  return { text, values: parameters.values };
}
