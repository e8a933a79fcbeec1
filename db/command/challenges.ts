import { randomBytes, randomUUID } from 'node:crypto';
import { challengeExpiry, reattestNodes } from '../../domain/attestation/challenge.ts';
import type { ServedIncident } from '../../domain/attestation/challenge.ts';
import { AttestationError } from '../../domain/attestation/error.ts';
import type { Incident } from '../../domain/incident/types.ts';
import { one, rows } from '../client.ts';
import type { Database, Queryable } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { lockIncident } from './decide-incident.ts';

export interface OpenedChallenge {
  challenge_id: string;
  node: string;
  /** 32 random bytes, hex. */
  nonce: string;
  /** PCR indices of the sha256 bank to quote. */
  pcrs: number[];
}

export type OpenedChallenges =
  | { ok: true; challenges: OpenedChallenge[]; baselines: string[] }
  | { ok: false; code: 'incident_not_found' | 'already_resolved' | 'reattest_not_required' | 'tpm_unavailable' };

/** More enrolled nodes than this are not asked at all: asking some of them would let the others be skipped. */
const NODES_AT_MOST = 256;

/** Which enrolled nodes must quote for an incident; without any there is no TPM to ask. */
export async function nodesFor(tx: Queryable, incident: Incident): Promise<string[] | null> {
  const enrolled = await rows<{ node: string }>(
    tx,
    `SELECT node FROM attestation_nodes WHERE workspace_id = $1 AND state = 'enrolled' ORDER BY node LIMIT $2`,
    [INSTANCE, NODES_AT_MOST + 1],
  );
  if (enrolled.length > NODES_AT_MOST) throw new Error(`more than ${NODES_AT_MOST} nodes are enrolled`);
  const evidence = JSON.parse(incident.evidence) as Record<string, unknown>;
  try {
    return reattestNodes(
      evidence['node'],
      enrolled.map((n) => n.node),
    );
  } catch (error) {
    if (error instanceof AttestationError && error.code === 'no_node_enrolled') return null;
    throw error;
  }
}

/** Baselines that an integrity_violation's re-attestation checks afresh; other classes check none. */
export async function baselinesFor(tx: Queryable, incident: Incident): Promise<string[]> {
  if (incident.class !== 'integrity_violation') return [];
  const found = await rows<{ baseline: string }>(
    tx,
    'SELECT DISTINCT baseline FROM integrity_baselines WHERE workspace_id = $1 ORDER BY baseline LIMIT 256',
    [INSTANCE],
  );
  return found.map((b) => b.baseline);
}

/** Writes one single-use challenge per node the incident asks for, bound to the incident as it stands under its lock. */
export async function openChallenges(db: Database, by: Caller, incident_id: string): Promise<OpenedChallenges> {
  return transaction(db, async (tx) => {
    const incident = await lockIncident(tx, by.workspace_id, incident_id);
    if (incident === undefined) return { ok: false, code: 'incident_not_found' };
    if (incident.state === 'resolved') return { ok: false, code: 'already_resolved' };
    if (!incident.require_reattest) return { ok: false, code: 'reattest_not_required' };
    const nodes = await nodesFor(tx, incident);
    if (nodes === null) return { ok: false, code: 'tpm_unavailable' };
    const served: ServedIncident = {
      workspace_id: incident.workspace_id,
      incident_id: incident.id,
      binding: incident.binding,
      occurrences: incident.occurrences,
      settlements: incident.settlements,
    };
    const challenges: OpenedChallenge[] = [];
    for (const node of nodes) challenges.push(await writeChallenge(tx, by, node, 'reattest', [served]));
    return { ok: true, challenges, baselines: await baselinesFor(tx, incident) };
  });
}

/**
 * Writes one challenge for a node with the PCRs that its reference values name. `expect` gives what a proof besides the
 * quote must match.
 */
export async function writeChallenge(
  tx: Tx,
  by: Caller,
  node: string,
  purpose: 'reattest' | 'watch' | 'enrol',
  incidents: ServedIncident[],
  expect?: (challenge_id: string) => string,
): Promise<OpenedChallenge> {
  const clock = await one<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  const now = clock?.now ?? '';
  const challenge = { challenge_id: `CHL-${randomUUID()}`, node, nonce: randomBytes(32).toString('hex') };
  await tx.query({
    name: 'challenge-insert',
    text: `INSERT INTO challenges
      (workspace_id, challenge_id, node, nonce, expected, purpose, incidents, created_at, expires_at, actor, on_behalf_of, counters)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
        CASE WHEN $6 <> 'enrol' THEN (SELECT counters FROM attestation_nodes WHERE workspace_id = $1 AND node = $3) END)`,
    values: [
      INSTANCE,
      challenge.challenge_id,
      node,
      challenge.nonce,
      expect?.(challenge.challenge_id) ?? null,
      purpose,
      JSON.stringify(incidents),
      now,
      challengeExpiry(now),
      by.actor,
      by.on_behalf_of,
    ],
  });
  await writeEntries(tx, [
    {
      workspace_id: INSTANCE,
      at: now,
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      action: 'challenge_opened',
      object: `node/${node}`,
      record_hash: null,
      record_version: null,
      detail: { challenge_id: challenge.challenge_id, purpose, incidents: incidents.map((i) => i.incident_id) },
      policy_digest: null,
    },
  ]);
  const pcrs = await one<{ pcrs: number[] }>(
    tx,
    `SELECT pcrs FROM reference_values WHERE workspace_id = $1 AND node = $2 ORDER BY version DESC LIMIT 1`,
    [INSTANCE, node],
  );
  return { ...challenge, pcrs: pcrs?.pcrs ?? [] };
}
