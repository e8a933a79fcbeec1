import { randomUUID } from 'node:crypto';
import type { Incident } from '../../domain/incident/types.ts';
import type { Database } from '../client.ts';
import { writeEntries } from '../write/ledger.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

/** What was collected: the digest is that of the manifest, which names every file by its own. */
export interface Collected {
  /** Hex SHA-256. */
  manifest_digest: string;
  files: number;
  bytes: number;
  /** How many things the manifest lists as absent. */
  absent: number;
}

export type EvidenceCollected =
  { ok: true; evidence_id: string; collected_at: string; collected_by: string; manifest_digest: string } | Reused;

/** Records that the evidence of an incident was taken, by whom, and which it was. */
export async function collectEvidence(
  db: Database,
  by: Caller,
  { workspace_id, id }: Pick<Incident, 'workspace_id' | 'id'>,
  { manifest_digest, files, bytes, absent, key }: Collected & { key: DecisionKey },
): Promise<EvidenceCollected> {
  const once = { workspace_id, aggregate: `incident/${id}`, kind: 'collect_evidence', key };
  return decideOnce<EvidenceCollected & { ok: true }>(db, by, once, async (tx, now) => {
    const { actor, on_behalf_of } = by;
    const evidence_id = `EVD-${randomUUID()}`;
    await tx.query(
      `INSERT INTO evidence_collections (workspace_id, evidence_id, incident_id, manifest_digest, files, bytes, absent,
          collected_at, actor, on_behalf_of) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [workspace_id, evidence_id, id, manifest_digest, files, bytes, absent, now, actor, on_behalf_of],
    );
    await writeEntries(tx, [
      {
        workspace_id,
        at: now,
        actor,
        on_behalf_of,
        action: 'evidence_collected',
        object: `incident/${id}`,
        record_hash: null,
        record_version: null,
        detail: { evidence_id, manifest_digest, files, bytes, absent },
        policy_digest: null,
      },
    ]);
    return { ok: true, evidence_id, collected_at: now, collected_by: actor, manifest_digest };
  });
}
