import { randomBytes, randomUUID } from 'node:crypto';
import { challengeExpiry } from '../../domain/attestation/challenge.ts';
import type { ServedIncident } from '../../domain/attestation/challenge.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { awaitingReattestation } from '../read/awaiting-reattestation.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { lockIncident } from './decide-incident.ts';
import { baselinesFor, evidenceNode, nodesFor, readScope } from './reattest-scope.ts';

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

/** Besides the one asked about, a challenge serves at most this many incidents: all of them are judged in one transaction. */
export const SHARED_AT_MOST = 200;

/**
 * Writes one single-use challenge per node the incident asks for, bound to the incident as it stands under its lock, and
 * to the others that ask for no more than these nodes: a pass counts for each that is then as it was now. Files are
 * checked only when the one asked about is an integrity violation; with any other, no violation of files is served.
 */
export async function openChallenges(db: Database, by: Caller, incident_id: string): Promise<OpenedChallenges> {
  return transaction(db, async (tx) => {
    const incident = await lockIncident(tx, by.workspace_id, incident_id);
    if (incident === undefined) return { ok: false, code: 'incident_not_found' };
    if (incident.state === 'resolved') return { ok: false, code: 'already_resolved' };
    if (!incident.require_reattest) return { ok: false, code: 'reattest_not_required' };
    const scope = await readScope(tx);
    const nodes = nodesFor(scope, evidenceNode(incident));
    if (nodes.length === 0) return { ok: false, code: 'tpm_unavailable' };
    const baselines = baselinesFor(scope, incident.class);
    const asked = served({ ...incident, incident_id: incident.id });
    const shared = (await awaitingReattestation(tx, { workspace_id: by.workspace_id, except: incident.id }))
      .map((other) => ({ ...other, nodes: nodesFor(scope, other.node), files: baselinesFor(scope, other.class) }))
      .filter((o) => o.nodes.every((n) => nodes.includes(n)) && o.files.every((b) => baselines.includes(b)))
      .slice(0, SHARED_AT_MOST);
    const challenges: OpenedChallenge[] = [];
    for (const node of nodes) {
      const others = shared.filter((o) => o.nodes.includes(node)).map(served);
      challenges.push(await writeChallenge(tx, by, node, 'reattest', [asked, ...others]));
    }
    return { ok: true, challenges, baselines };
  });
}

const served = ({ workspace_id, incident_id, binding, occurrences, settlements }: ServedIncident): ServedIncident => ({
  workspace_id,
  incident_id,
  binding,
  occurrences,
  settlements,
});

/**
 * Writes one challenge for a node with the PCRs that its reference values name; the first of `incidents` is the one asked
 * about. `expect` gives what a proof besides the quote must match.
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
  // Ids of all would not fit an entry; each incident that the answer counts for has an entry that names the first.
  const [asked, ...shared] = incidents.map((i) => i.incident_id);
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
      detail: {
        challenge_id: challenge.challenge_id,
        purpose,
        incidents: asked === undefined ? [] : [asked],
        ...(shared.length === 0 ? {} : { shared: shared.length }),
      },
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
