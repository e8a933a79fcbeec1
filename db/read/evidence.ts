import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { Page } from './list-incidents.ts';

/** A collection of evidence; a page goes on behind its time and id. */
export interface EvidencePosition {
  collected_at: string;
  evidence_id: string;
}

export interface Evidence extends EvidencePosition {
  manifest_digest: string;
  files: number;
  bytes: number;
  absent: number;
  collected_by: string;
  on_behalf_of: string | null;
}

export interface EvidenceFilter {
  /** Of the incident. */
  workspace_id: string;
  incident_id: string;
  limit: number;
  after?: EvidencePosition | undefined;
}

/** Who took the evidence of an incident, and when, newest first. */
export async function listEvidence(db: Queryable, filter: EvidenceFilter): Promise<Page<Evidence, EvidencePosition>> {
  const { text, values } = evidenceQuery(filter);
  const found = await rows<Evidence>(db, text, values);
  const items = found.slice(0, filter.limit);
  return { items, next: found.length > filter.limit ? (items.at(-1) ?? null) : null };
}

/** The statement of `listEvidence`. */
export const evidenceQuery = ({ workspace_id, incident_id, limit, after }: EvidenceFilter) => ({
  text: `SELECT evidence_id, collected_at, manifest_digest, files, bytes, absent, actor AS collected_by, on_behalf_of
    FROM evidence_collections WHERE workspace_id = $1 AND incident_id = $2
      AND (collected_at, evidence_id) < ($3::timestamptz, $4) ORDER BY collected_at DESC, evidence_id DESC LIMIT $5`,
  values: [workspace_id, incident_id, after?.collected_at ?? 'infinity', after?.evidence_id ?? '', limit + 1],
});
