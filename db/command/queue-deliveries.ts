import { randomBytes } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical/json.ts';
import { severityRank } from '../../domain/containment/types.ts';
import type { Severity } from '../../domain/containment/types.ts';
import { hooksFor } from '../../domain/hook/hooks.ts';
import type { AlertKind } from '../../domain/hook/hooks.ts';
import { rows } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { wakeStanding } from '../write/standing-processes.ts';
import { activeHooks } from './apply-hooks.ts';

const ACTOR = 'delivery';
const AT_ONCE = 100;

interface Alert {
  workspace_id: string;
  id: number;
  kind: AlertKind;
  incident_id: string | null;
  severity: Severity;
  message: string;
  created_at: string;
}

interface Queued {
  workspace_id: string;
  delivery_id: string;
  hook: string;
  severity_rank: number;
  alert: Alert;
}

/**
 * Gives each alert that has none yet its deliveries, one per hook of the set in force that asks for such, and has their
 * processes started. Alerts go out whatever gates are closed: the airlock holds exports, not the word that it is closed.
 * Returns how many alerts there were.
 */
export async function queueDeliveries(db: Database): Promise<number> {
  return transaction(db, async (tx) => {
    const alerts = await rows<Alert>(
      tx,
      `SELECT workspace_id, id, kind, incident_id, severity, message, created_at FROM notifications
        WHERE NOT fanned_out ORDER BY id LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED`,
    );
    if (alerts.length === 0) return 0;
    const active = await activeHooks(tx);
    const queued = alerts.flatMap((alert) =>
      (active === undefined ? [] : hooksFor(active.set, alert)).map((hook): Queued => ({
        workspace_id: alert.workspace_id,
        delivery_id: `DLV-${randomBytes(8).toString('hex')}`,
        hook: hook.name,
        severity_rank: severityRank(alert.severity),
        alert,
      })),
    );
    await tx.query('UPDATE notifications SET fanned_out = true WHERE id = ANY($1)', [alerts.map((a) => a.id)]);
    if (queued.length > 0) await write(tx, queued, active?.digest ?? null);
    return alerts.length;
  });
}

async function write(tx: Tx, queued: Queued[], policy_digest: string | null): Promise<void> {
  const [clock] = await rows<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  const now = clock?.now ?? '';
  const columns = [
    queued.map((q) => q.workspace_id),
    queued.map((q) => q.delivery_id),
    queued.map((q) => q.severity_rank),
  ];
  await tx.query(
    `INSERT INTO deliveries (workspace_id, delivery_id, severity_rank, hook, notification_id, body, state, attempts,
        next_attempt_at, created_at, actor)
      SELECT w, d, r, h, n, b, 'pending', 0, $7::timestamptz, $7::timestamptz, '${ACTOR}'
        FROM unnest($1::text[], $2::text[], $3::int2[], $4::text[], $5::int8[], $6::text[]) AS q(w, d, r, h, n, b)`,
    [...columns, queued.map((q) => q.hook), queued.map((q) => q.alert.id), queued.map(bodyOf), now],
  );
  await writeEntries(
    tx,
    queued.map(({ workspace_id, delivery_id, hook, alert }) => ({
      workspace_id,
      at: now,
      actor: ACTOR,
      on_behalf_of: null,
      action: 'delivery_queued',
      object: `delivery/${delivery_id}`,
      record_hash: null,
      record_version: null,
      detail: { hook, notification_id: alert.id, incident_id: alert.incident_id },
      policy_digest,
    })),
  );
  for (const { workspace_id, delivery_id, severity_rank } of queued)
    await wakeDelivery(tx, { workspace_id, delivery_id, severity_rank }, now, ACTOR);
}

/** Standard Webhooks: what happened, when, and the data of it. */
const bodyOf = ({ delivery_id, alert }: Queued): string => {
  const { id, workspace_id, kind, incident_id, severity, message, created_at } = alert;
  return canonicalJson({
    type: `operator.${kind}`,
    timestamp: created_at,
    data: { delivery_id, notification_id: id, workspace: workspace_id, incident_id, severity, message },
  });
};

/** Lists the process of a delivery among those the engine has to run, and has it look at once. */
export async function wakeDelivery(
  tx: Tx,
  { workspace_id, delivery_id, severity_rank }: Pick<Queued, 'workspace_id' | 'delivery_id' | 'severity_rank'>,
  now: string,
  actor: string,
): Promise<void> {
  const process = { workspace_id, type: 'delivery', subject: delivery_id } as const;
  await wakeStanding(tx, process, { severity_rank, actor, now });
}
