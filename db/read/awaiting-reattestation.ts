import type { IncidentClass } from '../../domain/containment/types.ts';
import type { ServedIncident } from '../../domain/attestation/challenge.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';
import { Parameters } from './parameters.ts';

/** An incident that still asks for a re-attestation; `node` is the one its evidence names, if any. */
export interface AwaitingReattestation extends ServedIncident {
  class: IncidentClass;
  node: string | null;
}

/** Of what a workspace has pending, only this many of the oldest are looked at: a flood makes nobody's re-attestation slow. */
const LOOKED_AT = 2_000;
/** Longer evidence is not carried along: rows are rewritten whole, and an operator waits for the answer. */
const EVIDENCE_BYTES = 8_192;

interface Others {
  workspace_id: string;
  /** The incident that somebody asked about. */
  except: string;
}

/** The other incidents a caller of this workspace may decide that still ask for a re-attestation, oldest first. */
export async function awaitingReattestation(db: Queryable, others: Others): Promise<AwaitingReattestation[]> {
  const { text, values } = awaitingReattestationQuery(others);
  return rows<AwaitingReattestation>(db, text, values);
}

/** The statement of `awaitingReattestation`. */
export function awaitingReattestationQuery({ workspace_id, except }: Others): { text: string; values: unknown[] } {
  const parameters = new Parameters();
  const parts = visibleWorkspaces(workspace_id).map(
    (w) =>
      `(SELECT * FROM incidents WHERE workspace_id = ${parameters.add(w)} AND recovery_pending
        ORDER BY created_at, id LIMIT ${LOOKED_AT})`,
  );
  const text = `SELECT workspace_id, id AS incident_id, class, binding, occurrences, settlements,
      CASE json_typeof(evidence::json -> 'node') WHEN 'string' THEN evidence::json ->> 'node' END AS node
    FROM (${parts.join(' UNION ALL ')}) AS pending
    WHERE require_reattest AND reattest_binding IS DISTINCT FROM binding AND id <> ${parameters.add(except)}
      AND octet_length(evidence) <= ${EVIDENCE_BYTES}
    ORDER BY created_at, id`;
  return { text, values: parameters.values };
}
