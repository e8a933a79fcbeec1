import type { Action } from '../../domain/containment/types.ts';
import type { adapters } from '../schema/adapters.ts';
import { one, prepared, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { INSTANCE } from '../command/caller.ts';
import type { Page } from './list-incidents.ts';
import { RESTORE_RANK } from '../write/adapter-targets.ts';

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
  /** Of its present run, where it is a child of ours that runs. */
  lease_id: string | null;
  child_started_at: string | null;
  child_heartbeat_at: string | null;
  child_version: number | null;
  child_slots: { slot: string; version: number }[] | null;
}

/** What is due is counted up to here. */
export const DUE_COUNTED = 1000;

/** Per adapter `a`, by the index of what is due: how much, and since when (the oldest of each urgency). */
const STANDING = `CROSS JOIN LATERAL (
    SELECT count(*)::int4 AS due, count(*) FILTER (WHERE t.severity_rank = ${RESTORE_RANK})::int4 AS due_restores
      FROM (SELECT severity_rank FROM adapter_targets
        WHERE workspace_id = a.workspace_id AND adapter_id = a.adapter_id AND due LIMIT ${DUE_COUNTED}) AS t) AS d
  CROSS JOIN LATERAL (
    SELECT min(t.due_at) AS due_since FROM generate_series(1, ${RESTORE_RANK}) AS r(rank), LATERAL (
      SELECT due_at FROM adapter_targets WHERE workspace_id = a.workspace_id AND adapter_id = a.adapter_id AND due
        AND severity_rank = r.rank ORDER BY due_at LIMIT 1) AS t) AS s`;

/** The child that runs for it, where it is one of ours. */
const CHILD = `LEFT JOIN adapter_children c
    ON c.workspace_id = a.workspace_id AND c.adapter_id = a.adapter_id AND c.ended_at IS NULL`;

const SHOWN = `a.*, d.due, s.due_since, d.due_restores, c.lease_id, c.started_at AS child_started_at,
  c.heartbeat_at AS child_heartbeat_at, c.adapter_version AS child_version, c.slots AS child_slots`;

export interface AdapterFilter {
  workspace_id: string;
  limit: number;
  /** The name of the last adapter of the page before. */
  after?: string;
}

/** The adapters of a workspace by name; what is due is counted up to `DUE_COUNTED`. */
export async function listAdapters(db: Queryable, filter: AdapterFilter): Promise<Page<AdapterStanding, string>> {
  const { text, values } = adapterListQuery(filter);
  const found = await rows<AdapterStanding>(db, text, values);
  const items = found.slice(0, filter.limit);
  return { items, next: found.length > filter.limit ? (items.at(-1)?.name ?? null) : null };
}

/** The statement of `listAdapters`; it asks for one row more than the page holds. */
export const adapterListQuery = ({ workspace_id, limit, after = '' }: AdapterFilter) => ({
  text: `SELECT ${SHOWN} FROM (SELECT * FROM adapters
      WHERE workspace_id = $1 AND name > $2 ORDER BY name LIMIT $3) AS a ${STANDING} ${CHILD} ORDER BY a.name`,
  values: [workspace_id, after, limit + 1] as unknown[],
});

/** The adapter of a name with what it has yet to be told. */
export async function adapterStanding(
  db: Queryable,
  workspace_id: string,
  name: string,
): Promise<AdapterStanding | undefined> {
  return one<AdapterStanding>(
    db,
    `SELECT ${SHOWN} FROM adapters a ${STANDING} ${CHILD} WHERE a.workspace_id = $1 AND a.name = $2`,
    [workspace_id, name],
  );
}

/** What an operator has to know of an adapter: it has not acknowledged for a while, or it is retired. */
export interface AdapterTrouble {
  name: string;
  kind: 'unacknowledged' | 'retired';
  since: string;
  /** Up to `DUE_COUNTED`. */
  due: number;
  error: string | null;
}

/** How long an acknowledgement may take before it is worth a word. */
const UNACKNOWLEDGED_AFTER = '5 seconds';

/** A status names at most so many; those that have yet to acknowledge come first, the longest of all, then the last retired. */
const TROUBLES_SHOWN = 100;

/** The adapters of a workspace that an operator should know of at `now`. */
export async function adapterTroubles(db: Queryable, workspace_id: string, now: string): Promise<AdapterTrouble[]> {
  return rows<AdapterTrouble>(
    db,
    `SELECT * FROM (SELECT a.name, 'unacknowledged' AS kind, s.due_since AS since, d.due, a.last_error AS error FROM adapters a ${STANDING}
      WHERE a.workspace_id = $1 AND a.state = 'active' AND s.due_since < $2::timestamptz - interval '${UNACKNOWLEDGED_AFTER}'
      UNION ALL SELECT name, 'retired', retired_at, 0, NULL FROM adapters WHERE workspace_id = $1 AND state = 'retired') AS t
      ORDER BY kind DESC, CASE kind WHEN 'unacknowledged' THEN since END, since DESC, name LIMIT ${TROUBLES_SHOWN}`,
    [workspace_id, now],
  );
}

/** Another active adapter of the workspace that is signed for by the same slot; undefined when there is none. */
export async function sharesSlot(
  db: Queryable,
  { workspace_id, adapter_id }: Pick<Adapter, 'workspace_id' | 'adapter_id'>,
  slot: string,
): Promise<string | undefined> {
  const refs = [`slot:${slot}`, `slot:${slot}@previous`];
  const other = await one<{ name: string }>(
    db,
    `SELECT name FROM adapters WHERE workspace_id = $1 AND state = 'active' AND adapter_id <> $2
      AND (secret_ref = ANY($3) OR previous_secret_ref = ANY($3)) LIMIT 1`,
    [workspace_id, adapter_id, refs],
  );
  return other?.name;
}
