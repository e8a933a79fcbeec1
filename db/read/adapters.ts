import type { Action } from '../../domain/containment/types.ts';
import type { adapters } from '../schema/adapters.ts';
import { one, prepared, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { INSTANCE } from '../command/caller.ts';

export type Adapter = typeof adapters.$inferSelect;

const NONE: ReadonlySet<Action> = new Set();

/**
 * Per workspace, the actions that an active adapter has to acknowledge. What the instance itself reports closes gates in
 * all workspaces, so the adapters of all of them have a part in its incidents.
 */
export async function subscribedActions(
  db: Queryable,
  workspaces: string[],
): Promise<(workspace_id: string) => ReadonlySet<Action>> {
  const found = await prepared<{ workspace_id: string; actions: Action[] }>(
    db,
    'adapters-subscribed',
    `SELECT workspace_id, actions FROM adapters WHERE state = 'active' AND (workspace_id = ANY($1) OR $2 = ANY($1))`,
    [[...new Set(workspaces)], INSTANCE],
  );
  if (found.length === 0) return () => NONE;
  const of = (workspace_id: string): ReadonlySet<Action> =>
    new Set(found.flatMap((a) => (workspace_id === INSTANCE || a.workspace_id === workspace_id ? a.actions : [])));
  const known = new Map(workspaces.map((w) => [w, of(w)]));
  return (workspace_id) => known.get(workspace_id) ?? of(workspace_id);
}

/** One adapter by its name in a workspace. */
export async function findAdapter(db: Queryable, workspace_id: string, name: string): Promise<Adapter | undefined> {
  return one<Adapter>(db, 'SELECT * FROM adapters WHERE workspace_id = $1 AND name = $2', [workspace_id, name]);
}

/** An adapter with how much it has yet to be told, and since when. */
export interface AdapterStanding extends Adapter {
  due: number;
  due_since: string | null;
  due_restores: number;
}

/** Every adapter of a workspace, or the one of a name; what is due is counted up to 1000. */
export async function listAdapters(db: Queryable, workspace_id: string, name?: string): Promise<AdapterStanding[]> {
  return rows<AdapterStanding>(
    db,
    `SELECT a.*, d.due, d.due_since, d.due_restores FROM adapters a CROSS JOIN LATERAL (
        SELECT count(*) AS due, min(t.due_at) AS due_since, count(*) FILTER (WHERE t.severity_rank > 4) AS due_restores
          FROM (SELECT due_at, severity_rank FROM adapter_targets WHERE workspace_id = a.workspace_id AND adapter_id = a.adapter_id AND due LIMIT 1000) AS t
      ) AS d WHERE a.workspace_id = $1 AND ($2::text IS NULL OR a.name = $2) ORDER BY a.name`,
    [workspace_id, name ?? null],
  );
}

/** What an operator has to know of a workspace's adapters: those that have not acknowledged for a while, and the retired. */
export interface AdapterTrouble {
  name: string;
  kind: 'unacknowledged' | 'retired';
  since: string;
  due: number;
  error: string | null;
}

/** How long an acknowledgement may take before it is worth a word. */
const UNACKNOWLEDGED_AFTER_MS = 5_000;

export async function adapterTroubles(db: Queryable, workspace_id: string, now: string): Promise<AdapterTrouble[]> {
  return (await listAdapters(db, workspace_id)).flatMap(
    ({ name, state, retired_at, due, due_since, last_error }): AdapterTrouble[] => {
      if (state === 'retired') return [{ name, kind: 'retired', since: retired_at ?? now, due: 0, error: null }];
      const late = due_since !== null && Date.parse(now) - Date.parse(due_since) > UNACKNOWLEDGED_AFTER_MS;
      return late ? [{ name, kind: 'unacknowledged', since: due_since, due, error: last_error }] : [];
    },
  );
}
