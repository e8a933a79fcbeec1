import type { Incident } from '../../domain/incident/types.ts';
import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';

/** One incident of a workspace the caller sees, or undefined. */
export async function getIncident(db: Queryable, workspace_id: string, id: string): Promise<Incident | undefined> {
  return one<Incident>(db, 'SELECT * FROM incidents WHERE workspace_id = ANY($1) AND id = $2', [
    visibleWorkspaces(workspace_id),
    id,
  ]);
}
