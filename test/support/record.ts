import { canonicalJson } from '../../domain/canonical/json.ts';
import type { IncidentClass } from '../../domain/containment/types.ts';
import type { Incident } from '../../domain/incident/types.ts';
import type { Report } from '../../domain/report/report.ts';
import { one, openDatabase } from '../../db/client.ts';
import type { Database } from '../../db/client.ts';
import { recordReports } from '../../db/command/intake.ts';
import type { IntakeRequest } from '../../db/command/intake.ts';
import { ensurePolicy } from '../../db/command/policies.ts';
import { POLICY, reportOf } from './incidents.ts';
import { testDatabase } from './postgres.ts';

export const OPERATOR = { workspace_id: 'default', actor: 'local-operator', on_behalf_of: null };

/** A record with the shipped policy active; `close` drops it. */
export async function openRecord(): Promise<{ db: Database; url: string; close: () => Promise<void> }> {
  const { url, drop } = await testDatabase();
  const db = openDatabase({ url, name: 'test' });
  await ensurePolicy(db, POLICY, 'system');
  const close = async () => {
    await db.end();
    await drop();
  };
  return { db, url, close };
}

export function requestOf(
  cls: IncidentClass,
  report: Partial<Report> = {},
  over: Partial<IntakeRequest> = {},
): IntakeRequest {
  const full = reportOf(cls, report);
  return { ...OPERATOR, report: full, evidence: canonicalJson(full.evidence), key: null, ...over };
}

/** Reports one incident and returns it; throws when the report is refused. */
export async function reportIncident(
  db: Database,
  cls: IncidentClass,
  report: Partial<Report> = {},
  workspace_id = OPERATOR.workspace_id,
): Promise<Incident> {
  const [reply] = await recordReports(db, [requestOf(cls, report, { workspace_id })]);
  if (!reply?.ok) throw new Error(`report refused: ${reply?.code}`);
  return reply.incident;
}

/** A fresh decision by the local operator. */
export const decision = (incident_id: string, decision_id: string = crypto.randomUUID()) => ({
  ...OPERATOR,
  incident_id,
  decision_id,
  request_digest: 'digest',
});

/** Whether some transaction waits for what another one has locked. */
export const waitsForLock = async (db: Database): Promise<boolean> =>
  (await one(
    db,
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' LIMIT 1`,
  )) !== undefined;
