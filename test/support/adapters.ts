import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Action } from '../../domain/containment/types.ts';
import type { Incident } from '../../domain/incident/types.ts';
import { one } from '../../db/client.ts';
import type { Database } from '../../db/client.ts';
import { decideIncident } from '../../db/command/decide-incident.ts';
import { putAdapter } from '../../db/command/put-adapter.ts';
import { findAdapter } from '../../db/read/adapters.ts';
import type { Adapter } from '../../db/read/adapters.ts';
import { SECRET } from './adapter-server.ts';
import { removeTree } from './remove-tree.ts';

const OPERATOR = { workspace_id: 'default', actor: 'local-operator', on_behalf_of: null };

/** A file that holds the adapters' secret. */
export function secretFile(secret = SECRET): { ref: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'interlock-adapter-'));
  const path = join(folder, 'secret');
  writeFileSync(path, `${secret}\n`, { mode: 0o600 });
  return { ref: `file:${path}`, remove: () => removeTree(folder) };
}

export const freshKey = () => ({ decision_id: crypto.randomUUID(), request_digest: 'digest' });

/** Registers an internal adapter for the local operator. */
export async function register(
  db: Database,
  {
    name,
    url,
    ref,
    actions = ['freeze_agent'],
    workspace_id = 'default',
  }: {
    name: string;
    url: string;
    ref: string;
    actions?: Action[];
    workspace_id?: string;
  },
): Promise<Adapter> {
  const definition = { mode: 'external' as const, url, actions, secret: { ref }, internal: true, classes: [] };
  const put = await putAdapter(db, { ...OPERATOR, workspace_id }, { name, definition, key: freshKey() });
  if (!put.ok) throw new Error(put.code);
  return (await findAdapter(db, workspace_id, name))!;
}

export const incidentNow = async (db: Database, id: string): Promise<Incident> =>
  (await one<Incident>(db, 'SELECT * FROM incidents WHERE id = $1', [id]))!;

export const resolveIncident = (db: Database, id: string) =>
  decideIncident(db, { ...OPERATOR, incident_id: id, ...freshKey() }, { kind: 'resolve', operator: 'local-operator' });
