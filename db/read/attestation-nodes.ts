import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { INSTANCE } from '../command/caller.ts';

/** A node as it stands, retired ones too. */
export interface NodeView {
  node: string;
  state: 'enrolled' | 'retired';
  simulated: boolean;
  ak_name: string;
  enrolled_at: string;
  retired_at: string | null;
  reference_version: number | null;
  last_passed: boolean | null;
  last_result_at: string | null;
  last_pass_at: string | null;
  missed_quotes: number;
  reboot_pending: boolean;
}

/** More than any instance has; the list is for people. */
const NODES_SHOWN = 1_000;

export async function attestationNodes(db: Queryable): Promise<NodeView[]> {
  return rows<NodeView>(
    db,
    `SELECT node, state, ek_trust = 'simulated' AS simulated, ak_name, enrolled_at, retired_at,
        (SELECT max(version) FROM reference_values r WHERE r.workspace_id = n.workspace_id AND r.node = n.node) AS reference_version,
        last_passed, last_result_at, last_pass_at, missed_quotes, reboot_pending
      FROM attestation_nodes n WHERE workspace_id = $1 ORDER BY node LIMIT ${NODES_SHOWN}`,
    [INSTANCE],
  );
}

export async function retiredNodes(db: Queryable): Promise<{ node: string; retired_at: string }[]> {
  return rows(
    db,
    `SELECT node, retired_at FROM attestation_nodes WHERE workspace_id = $1 AND state = 'retired' ORDER BY node LIMIT ${NODES_SHOWN}`,
    [INSTANCE],
  );
}
