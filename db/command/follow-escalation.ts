import type { IncidentClass, Severity } from '../../domain/containment/types.ts';
import { followThrough } from '../../domain/escalation/follow-through.ts';
import type { Escalation, EscalationStep } from '../../domain/escalation/follow-through.ts';
import { aggregateOf, escalationSubject, workflowIdOf } from '../../domain/process/types.ts';
import type { EscalationView } from '../../domain/process/escalation.ts';
import type { Database } from '../client.ts';
import { one } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { addNotifications } from '../write/notifications.ts';

const ACTOR = 'severity-escalation';

interface Followed extends Escalation {
  workspace_id: string;
  escalation: string;
  class: IncidentClass;
  severity: Severity;
  policy_digest: string;
  version: number;
  crossings: number;
  members: number;
  unresolved: number;
  now: string;
}

/** The window's row is locked first, as intake does: no report can cross between the verdict and the closing. */
const LOCK = `SELECT w.last_event_at, w.crossings FROM escalation_windows w
  JOIN escalations e ON e.workspace_id = w.workspace_id AND e.class = w.class
  WHERE e.workspace_id = $1 AND e.escalation = $2 FOR UPDATE OF w`;

const READ = `SELECT e.*, m.members, m.unresolved, date_trunc('milliseconds', clock_timestamp()) AS now
  FROM escalations e, LATERAL (SELECT count(*) AS members, count(*) FILTER (WHERE i.state <> 'resolved') AS unresolved
    FROM escalation_members m JOIN incidents i ON i.workspace_id = m.workspace_id AND i.id = m.incident_id
    WHERE m.workspace_id = e.workspace_id AND m.escalation = e.escalation) AS m
  WHERE e.workspace_id = $1 AND e.escalation = $2`;

/**
 * Takes the one step that is due by the database's clock, with its entry, and says what it was and when to look again.
 * Null: there is no such escalation.
 */
export async function followEscalation(
  db: Database,
  of: { workspace_id: string; escalation: string },
): Promise<EscalationView | null> {
  return transaction(db, async (tx) => {
    const key = [of.workspace_id, of.escalation];
    const window = await one<{ last_event_at: string; crossings: number }>(tx, LOCK, key);
    const row = await one<Followed>(tx, READ, key);
    if (window === undefined || row === undefined) return null;
    const followed: Followed = { ...row, ...window };
    const verdict = followThrough(followed, followed.unresolved, followed.now);
    const view = { class: row.class, severity: row.severity, members: row.members, unresolved: row.unresolved };
    if (verdict.step === 'over') return { ...view, done: null, over: true, again_after_ms: 0 };
    await markStarted(tx, followed);
    await startMembers(tx, followed);
    if (verdict.step === null) {
      const again_after_ms = Math.max(0, Date.parse(verdict.at) - Date.parse(row.now));
      return { ...view, done: null, over: false, again_after_ms };
    }
    await take(tx, verdict.step, followed);
    return { ...view, done: verdict.step, over: verdict.step === 'close', again_after_ms: 0 };
  });
}

const STAMP: Record<EscalationStep, string> = { alert: 'alerted_at', remind: 'reminded_at', close: 'closed_at' };
const SAID: Record<EscalationStep, string> = {
  alert: 'operator_alert',
  remind: 'operators_reminded',
  close: 'escalation_closed',
};

async function take(tx: Tx, step: EscalationStep, e: Followed): Promise<void> {
  const { workspace_id, now, severity, crossings, members, unresolved } = e;
  await tx.query(
    `UPDATE escalations SET ${STAMP[step]} = $3, version = version + 1 WHERE workspace_id = $1 AND escalation = $2`,
    [workspace_id, e.escalation, now],
  );
  if (step === 'close')
    await tx.query(
      `UPDATE escalation_windows SET escalation = NULL, crossings = 0 WHERE workspace_id = $1 AND class = $2 AND escalation = $3`,
      [workspace_id, e.class, e.escalation],
    );
  const subject = escalationSubject(workspace_id, e.escalation);
  const by = { workspace_id, actor: ACTOR, on_behalf_of: null };
  await writeEntries(tx, [
    {
      ...by,
      at: now,
      action: SAID[step],
      object: aggregateOf('severityEscalation', subject),
      record_hash: null,
      record_version: e.version + 1,
      detail: { class: e.class, severity, crossings, members, unresolved, opened_at: e.opened_at },
      policy_digest: e.policy_digest,
    },
  ]);
  if (step === 'close')
    await tx.query('UPDATE process SET over_at = $3 WHERE workspace_id = $1 AND workflow_id = $2 AND over_at IS NULL', [
      workspace_id,
      workflowIdOf('severityEscalation', subject),
      now,
    ]);
  else {
    const kind = step === 'alert' ? 'alert' : 'reminder';
    const message = `${e.class} escalated to ${severity} at ${e.opened_at}: ${unresolved} of ${members} incidents unresolved`;
    const about = { kind, incident_id: e.escalation, severity, message, created_at: now } as const;
    await addNotifications(tx, [{ ...by, ...about }]);
  }
}

async function markStarted(tx: Tx, { workspace_id, escalation }: Followed): Promise<void> {
  const id = workflowIdOf('severityEscalation', escalationSubject(workspace_id, escalation));
  await tx.query(
    `UPDATE process SET started_at = clock_timestamp() WHERE workspace_id = $1 AND workflow_id = $2 AND started_at IS NULL`,
    [workspace_id, id],
  );
}

/** Pokes each member's response that the record wants, that has not started, and that no poke is on its way to. */
async function startMembers(tx: Tx, { workspace_id, escalation, now }: Followed): Promise<void> {
  const poked = await tx.query(
    `INSERT INTO outbox (workspace_id, workflow_id, type, subject, version, severity_rank, created_at, actor)
      SELECT p.workspace_id, p.workflow_id, p.type, p.subject, i.version, p.severity_rank, $3, $4
        FROM escalation_members m
        JOIN process p ON p.workspace_id = m.workspace_id AND p.workflow_id = 'incident/' || m.incident_id
        JOIN incidents i ON i.workspace_id = m.workspace_id AND i.id = m.incident_id
        WHERE m.workspace_id = $1 AND m.escalation = $2 AND p.over_at IS NULL AND p.started_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.workspace_id = p.workspace_id AND o.workflow_id = p.workflow_id)`,
    [workspace_id, escalation, now, ACTOR],
  );
  if ((poked.rowCount ?? 0) > 0) await tx.query("SELECT pg_notify('outbox', '')");
}
