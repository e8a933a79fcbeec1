import { canonicalJson } from '../../domain/canonical/json.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { saltedDigest } from '../command/acknowledge.ts';
import { INSTANCE, visibleWorkspaces } from '../command/caller.ts';
import type { Pages } from './forensic-records.ts';
import { walk } from './walk.ts';

const PAGE = 500;

interface AcknowledgementRow {
  incident_id: string;
  decision_id: string;
  operator: string;
  actor: string;
  on_behalf_of: string | null;
  at: string;
  binding: string;
  note: string | null;
  note_salt: string | null;
  evidence_digest: string;
}

const digest = (column: string): string => `encode(sha256(convert_to(${column}, 'UTF8')), 'hex')`;

/** One lookup per row of a page: joined otherwise, the whole of the other table would be read for each page. */
const ACKNOWLEDGED = `SELECT a.incident_id, a.decision_id, a.operator, a.actor, a.on_behalf_of, a.at, a.binding, a.note,
    a.note_salt, i.evidence_digest
  FROM acknowledgements a CROSS JOIN LATERAL (SELECT ${digest('evidence')} AS evidence_digest FROM incidents
    WHERE workspace_id = a.workspace_id AND id = a.incident_id LIMIT 1) AS i
  WHERE a.workspace_id = $1 AND (a.incident_id, a.decision_id) > ($2, $3)
  ORDER BY a.incident_id, a.decision_id LIMIT ${PAGE}`;

interface ReattestationRow {
  challenge_id: string;
  node: string;
  challenged_at: string;
  at: string;
  actor: string;
  on_behalf_of: string | null;
  passed: boolean;
  simulated: boolean;
  reference_version: number;
  claims_digest: string;
  evidence_digest: string;
  incidents: { workspace_id: string; incident_id: string; binding: string }[];
}

const REATTESTED = `SELECT c.challenge_id, c.node, c.created_at AS challenged_at, r.at, r.actor, r.on_behalf_of, r.passed, r.simulated,
    r.reference_version, r.claims_digest, r.evidence_digest, c.incidents
  FROM challenges c CROSS JOIN LATERAL (SELECT at, actor, on_behalf_of, passed, simulated, reference_version,
      ${digest('claims')} AS claims_digest, ${digest('evidence')} AS evidence_digest FROM attestation_results
    WHERE workspace_id = c.workspace_id AND challenge_id = c.challenge_id LIMIT 1) AS r
  WHERE c.workspace_id = $1 AND c.purpose = 'reattest' AND (c.created_at, c.challenge_id) > ($2, $3)
  ORDER BY c.created_at, c.challenge_id LIMIT ${PAGE}`;

/**
 * Who acknowledged which containment, and which quote was appraised for which incident. Evidence and notes are named by
 * digest: of the evidence as it is kept, of the note salted as in its audit entry.
 */
export async function* ceremonyPages(tx: Queryable, workspace_id: string): Pages {
  const visible = visibleWorkspaces(workspace_id);
  for (const workspace of visible) {
    const page = (after: string[]) => rows<AcknowledgementRow>(tx, ACKNOWLEDGED, [workspace, ...after]);
    const position = (a: AcknowledgementRow) => [a.incident_id, a.decision_id];
    for await (const found of walk(['', ''], PAGE, page, position)) yield found.map(acknowledgement);
  }
  const page = (after: string[]) => rows<ReattestationRow>(tx, REATTESTED, [INSTANCE, ...after]);
  const position = (r: ReattestationRow) => [r.challenged_at, r.challenge_id];
  for await (const found of walk(['-infinity', ''], PAGE, page, position))
    yield found.flatMap((row) => reattestation(row, visible));
}

const acknowledgement = ({ note, note_salt, ...row }: AcknowledgementRow): string =>
  canonicalJson({
    kind: 'acknowledgement',
    ...row,
    note_digest: note === null || note_salt === null ? null : saltedDigest(note_salt, note),
  });

function reattestation({ incidents, ...row }: ReattestationRow, visible: string[]): string[] {
  const served = incidents.flatMap(({ workspace_id, incident_id, binding }) =>
    visible.includes(workspace_id) ? [{ incident_id, binding }] : [],
  );
  if (served.length === 0) return [];
  return [canonicalJson({ kind: 're_attestation', ...row, incidents: served })];
}
