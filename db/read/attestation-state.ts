import type { NodeStanding } from '../../domain/attestation/state.ts';
import type { BaselineStanding } from '../../domain/integrity/state.ts';
import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';

/** What the attestation state is judged by, for the whole instance. `simulated`: some enrolled node has no hardware root. */
export interface AttestationRecord {
  nodes: (NodeStanding & { node: string; ek_trust: 'hardware' | 'simulated'; last_result_at: string | null })[];
  open_incidents: number;
  now: string;
  simulated: boolean;
}

export async function attestationRecord(db: Queryable): Promise<AttestationRecord> {
  const nodes = await rows<AttestationRecord['nodes'][number]>(
    db,
    `SELECT node, state, ek_trust, last_passed, last_pass_at, last_result_at, missed_quotes, reboot_pending
      FROM attestation_nodes WHERE state = 'enrolled' ORDER BY node`,
  );
  const kind = await openOfClass(db, 'attestation_failure');
  return { ...kind, nodes, simulated: nodes.some((n) => n.ek_trust === 'simulated') };
}

export interface IntegrityRecord {
  baselines: (BaselineStanding & { baseline: string; checked_at: string | null })[];
  open_incidents: number;
  now: string;
}

/** A result counts for the baseline in force only: after an approval the files are unknown until they are checked again. */
export async function integrityRecord(db: Queryable): Promise<IntegrityRecord> {
  const baselines = await rows<IntegrityRecord['baselines'][number]>(
    db,
    `SELECT b.baseline, r.passed AS last_passed, CASE WHEN r.passed THEN r.at END AS last_pass_at, r.at AS checked_at,
        coalesce(s.missed_checks, 0) AS missed_checks, coalesce(s.check_pending, false) AS check_pending
      FROM (SELECT workspace_id, baseline, max(version) AS version FROM integrity_baselines GROUP BY 1, 2) AS b
      LEFT JOIN LATERAL (SELECT passed, at, baseline_version FROM integrity_results
        WHERE workspace_id = b.workspace_id AND baseline = b.baseline ORDER BY result_id DESC LIMIT 1) AS r
        ON r.baseline_version = b.version
      LEFT JOIN integrity_standings s ON s.workspace_id = b.workspace_id AND s.baseline = b.baseline
      ORDER BY b.baseline`,
  );
  return { ...(await openOfClass(db, 'integrity_violation')), baselines };
}

async function openOfClass(db: Queryable, cls: string): Promise<{ open_incidents: number; now: string }> {
  const row = await one<{ open_incidents: number; now: string }>(
    db,
    `SELECT (SELECT coalesce(sum(n), 0) FROM incident_counters WHERE class = $1 AND state <> 'resolved')::int8 AS open_incidents,
        date_trunc('milliseconds', clock_timestamp()) AS now`,
    [cls],
  );
  if (row === undefined) throw new Error('the database has no clock');
  return row;
}
