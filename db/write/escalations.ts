import type { Crossing } from '../../domain/escalation/crossing.ts';
import { severityRank } from '../../domain/containment/types.ts';
import { aggregateOf, escalationSubject, workflowIdOf } from '../../domain/process/types.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from './ledger.ts';
import { unnestInsert } from './unnest.ts';

/** An incident that folds crosses again after its escalation has closed: the same row then follows the new crossing. */
const OPEN = `INSERT INTO escalations AS e
    (workspace_id, escalation, class, severity, window_seconds, opened_at, policy_digest, version, actor, on_behalf_of)
  VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9)
  ON CONFLICT (workspace_id, escalation) DO UPDATE SET severity = excluded.severity,
    window_seconds = excluded.window_seconds, opened_at = excluded.opened_at, alerted_at = NULL, reminded_at = NULL,
    closed_at = NULL, policy_digest = excluded.policy_digest, version = e.version + 1, actor = excluded.actor,
    on_behalf_of = excluded.on_behalf_of
  RETURNING version`;

/** Settled from the start: the relay's window is for processes that a containment waits for. */
const LIST = `INSERT INTO process AS p (workspace_id, workflow_id, type, subject, severity_rank, created_at, settled_at, actor)
  VALUES ($1, $2, 'severityEscalation', $3, $4, $5, $5, $6)
  ON CONFLICT (workspace_id, workflow_id) DO UPDATE SET over_at = NULL, started_at = NULL, created_at = excluded.created_at,
    settled_at = excluded.settled_at, severity_rank = excluded.severity_rank`;

const POKE = `INSERT INTO outbox (workspace_id, workflow_id, type, subject, version, severity_rank, created_at, actor)
  VALUES ($1, $2, 'severityEscalation', $3, $4, $5, $6, $7)`;

const MEMBERS = ['workspace_id', 'escalation', 'incident_id', 'joined_at', 'actor', 'on_behalf_of'] as const;
const JOIN = unnestInsert(
  'escalation_members',
  MEMBERS,
  ['text', 'text', 'text', 'timestamptz', 'text', 'text'],
  'ON CONFLICT DO NOTHING',
);

/** Opens the escalations that a batch of reports asks for, and lists who belongs to which. The windows are locked. */
export async function writeCrossings(
  tx: Tx,
  crossings: Crossing[],
  state: { now: string; policy_digest: string },
): Promise<void> {
  const opened = crossings.filter((c) => c.opens);
  for (const crossing of opened) await open(tx, crossing, state);
  const joined = crossings.flatMap(({ members, ...c }) =>
    members.map((incident_id) => ({ ...c, incident_id, joined_at: state.now })),
  );
  if (joined.length > 0) await tx.query({ name: 'escalation-join', text: JOIN.text, values: JOIN.values(joined) });
  if (opened.length > 0) await tx.query("SELECT pg_notify('outbox', '')");
}

async function open(
  tx: Tx,
  c: Crossing,
  { now, policy_digest }: { now: string; policy_digest: string },
): Promise<void> {
  const { workspace_id, escalation, severity, window_seconds, actor, on_behalf_of } = c;
  const subject = escalationSubject(workspace_id, escalation);
  const id = workflowIdOf('severityEscalation', subject);
  const rank = severityRank(severity);
  const values = [workspace_id, escalation, c.class, severity, window_seconds, now, policy_digest, actor, on_behalf_of];
  const { rows } = await tx.query<{ version: number }>(OPEN, values);
  const record_version = rows[0]?.version ?? 1;
  await tx.query('DELETE FROM escalation_members WHERE workspace_id = $1 AND escalation = $2', [
    workspace_id,
    escalation,
  ]);
  await writeEntries(tx, [
    {
      workspace_id,
      at: now,
      actor,
      on_behalf_of,
      action: 'escalation_opened',
      object: aggregateOf('severityEscalation', subject),
      record_hash: null,
      record_version,
      detail: { class: c.class, severity, window_seconds, members: c.members },
      policy_digest,
    },
  ]);
  await tx.query(LIST, [workspace_id, id, subject, rank, now, actor]);
  await tx.query(POKE, [workspace_id, id, subject, record_version, rank, now, actor]);
}
