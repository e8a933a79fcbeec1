import { reattestNodes } from '../../domain/attestation/challenge.ts';
import type { IncidentClass } from '../../domain/containment/types.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { INSTANCE } from './caller.ts';

/** More enrolled nodes than this are not asked at all: asking some of them would let the others be skipped. */
export const NODES_AT_MOST = 256;

/** Who can be asked for a quote, and which files for a check. */
export interface Scope {
  enrolled: readonly string[];
  baselines: readonly string[];
}

/** The enrolled nodes and the baselines of the instance. Throws `Error` above `NODES_AT_MOST`. */
export async function readScope(tx: Queryable): Promise<Scope> {
  const enrolled = await rows<{ node: string }>(
    tx,
    `SELECT node FROM attestation_nodes WHERE workspace_id = $1 AND state = 'enrolled' ORDER BY node LIMIT $2`,
    [INSTANCE, NODES_AT_MOST + 1],
  );
  if (enrolled.length > NODES_AT_MOST) throw new Error(`more than ${NODES_AT_MOST} nodes are enrolled`);
  const baselines = await rows<{ baseline: string }>(
    tx,
    'SELECT DISTINCT baseline FROM integrity_baselines WHERE workspace_id = $1 ORDER BY baseline LIMIT 256',
    [INSTANCE],
  );
  return { enrolled: enrolled.map((n) => n.node), baselines: baselines.map((b) => b.baseline) };
}

/** Which nodes must quote for an incident whose evidence names `node`; without any there is no TPM to ask: `[]`. */
export const nodesFor = ({ enrolled }: Scope, node: unknown): string[] =>
  enrolled.length === 0 ? [] : reattestNodes(node, enrolled);

/** Baselines that an integrity_violation's re-attestation checks afresh; other classes check none. */
export const baselinesFor = ({ baselines }: Scope, cls: IncidentClass): string[] =>
  cls === 'integrity_violation' ? [...baselines] : [];

/** What the evidence says the incident's node is, of any shape. */
export const evidenceNode = (incident: { evidence: string }): unknown =>
  (JSON.parse(incident.evidence) as Record<string, unknown>)['node'];
