import { missing } from '../../domain/incident/requirement.ts';
import type { Incident } from '../../domain/incident/types.ts';
import { dueNudge } from '../../domain/process/nudges.ts';
import type { Nudge } from '../../domain/process/nudges.ts';
import type { Database } from '../client.ts';
import { one } from '../client.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { addNotifications } from '../write/notifications.ts';
import type { Caller } from './caller.ts';
import { lockIncident } from './decide-incident.ts';
import { recall, remember } from './decisions.ts';

const ACTOR = 'recovery-ceremony';

/**
 * Reminds or pages about an incident whose ceremony waits, if that is due by the database's clock: notification, entry
 * and decision in one transaction. `version` is the record's the caller saw; null when nothing was due to be sent.
 */
export async function nudgeOperators(
  db: Database,
  seen: { workspace_id: string; incident_id: string; version: number },
): Promise<Nudge | null> {
  return transaction(db, async (tx) => {
    const incident = await lockIncident(tx, seen.workspace_id, seen.incident_id);
    if (incident === undefined || incident.state === 'resolved' || incident.version !== seen.version) return null;
    const by: Caller = { workspace_id: incident.workspace_id, actor: ACTOR, on_behalf_of: null };
    const aggregate = `incident/${incident.id}`;
    const last = await one<{ at: string | null; now: string }>(
      tx,
      `SELECT max(at) AS at, date_trunc('milliseconds', clock_timestamp()) AS now FROM decisions
        WHERE workspace_id = $1 AND aggregate = $2 AND kind IN ('reminder', 'page') AND at >= $3`,
      [incident.workspace_id, aggregate, incident.required_after],
    );
    const nudge = dueNudge(incident.required_after, last?.at ?? null, last?.now ?? '');
    if (nudge === null) return null;
    const key = { decision_id: `${nudge.kind}-${nudge.n}@${incident.version}`, request_digest: nudge.at };
    const { now, known } = await recall(tx, incident.workspace_id, aggregate, key);
    if (known !== null) return null;

    const lacking = missing(incident);
    await writeEntries(tx, [
      {
        ...by,
        at: now,
        action: nudge.kind === 'page' ? 'operators_paged' : 'operators_reminded',
        object: aggregate,
        record_hash: incident.hash,
        record_version: incident.version,
        detail: { n: nudge.n, due_at: nudge.at, missing: lacking },
        policy_digest: incident.policy_digest,
      },
    ]);
    const message = messageOf(incident, lacking);
    const { severity, id: incident_id } = incident;
    await addNotifications(tx, [{ ...by, kind: nudge.kind, incident_id, severity, message, created_at: now }]);
    await remember(tx, by, { ...key, aggregate, kind: nudge.kind, outcome: { ok: true }, now });
    return nudge;
  });
}

const messageOf = (i: Incident, lacking: string[]): string =>
  `${i.severity} ${i.class} ${i.id} waits for ${lacking.length > 0 ? lacking.join(' and ') : 'resolve'} since ${i.required_after}`;
