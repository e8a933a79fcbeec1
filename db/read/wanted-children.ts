import type { CredentialSlot } from '../../domain/adapter/child.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';

/** A child adapter as it should run: another version of it, or of a slot, is another run. */
export interface WantedChild {
  workspace_id: string;
  adapter_id: string;
  name: string;
  version: number;
  command: string;
  args: string[];
  credential_slots: CredentialSlot[];
  /** Per slot: its current version, and how often all access to it was revoked. A slot that is not there is absent. */
  slots: { slot: string; version: number; epoch: number }[];
}

/** How many children one control process runs. */
const MOST_CHILDREN = 200;

/** Every child adapter that should run. */
export async function wantedChildren(db: Queryable): Promise<WantedChild[]> {
  return rows<WantedChild>(
    db,
    `SELECT a.workspace_id, a.adapter_id, a.name, a.version, a.command, a.args, a.credential_slots, coalesce(s.slots, '[]') AS slots
      FROM adapters a CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('slot', s.slot, 'version', s.current_version, 'epoch', s.lease_epoch) ORDER BY s.slot) AS slots
          FROM secret_slots s WHERE s.workspace_id = a.workspace_id AND s.class = 'control'
            AND s.slot IN (SELECT e ->> 'slot' FROM jsonb_array_elements(a.credential_slots) AS e)) AS s
      WHERE a.state = 'active' AND a.mode = 'child_process' ORDER BY a.workspace_id, a.adapter_id LIMIT ${MOST_CHILDREN}`,
  );
}
