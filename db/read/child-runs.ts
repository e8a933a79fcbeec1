import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';

/** A child adapter and the run of it that stands. */
export interface ChildRun {
  adapter_id: string;
  name: string;
  /** Null: none does. */
  lease_id: string | null;
  heartbeat_at: string | null;
  slots: { slot: string; version: number }[] | null;
}

/** So many children run on one instance at most. */
const MOST_CHILDREN = 200;

const RUNS = `SELECT a.adapter_id, a.name, c.lease_id, c.heartbeat_at, c.slots FROM adapters a
  LEFT JOIN adapter_children c ON c.workspace_id = a.workspace_id AND c.adapter_id = a.adapter_id AND c.ended_at IS NULL
    AND c.not_after > clock_timestamp()
  WHERE a.workspace_id = $1 AND a.state = 'active' AND a.mode = 'child_process'`;

/** The active child adapters that are given a slot, by name. */
export const childrenOfSlot = (db: Queryable, workspace_id: string, slot: string): Promise<ChildRun[]> =>
  rows<ChildRun>(db, `${RUNS} AND a.credential_slots @> $2::jsonb ORDER BY a.name LIMIT ${MOST_CHILDREN}`, [
    workspace_id,
    JSON.stringify([{ slot }]),
  ]);

/** An active child adapter by its name. */
export const childRun = (db: Queryable, workspace_id: string, name: string): Promise<ChildRun | undefined> =>
  one<ChildRun>(db, `${RUNS} AND a.name = $2`, [workspace_id, name]);
