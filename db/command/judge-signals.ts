import { limitSignal } from '../../domain/slo/limits.ts';
import type { RefusalMinute } from '../../domain/slo/limits.ts';
import { providerSignal } from '../../domain/slo/provider.ts';
import { LIMITS, SIGNALS } from '../../domain/slo/thresholds.ts';
import type { Limit, Signal, SignalLevel, SignalState, Thresholds } from '../../domain/slo/thresholds.ts';
import { providerReadiness } from '../../domain/upstream/readiness.ts';
import { rows } from '../client.ts';
import type { Database } from '../client.ts';
import { upstreamProbes } from '../read/upstreams.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { addNotifications } from '../write/notifications.ts';
import { INSTANCE } from './caller.ts';

const ACTOR = 'slo';
/** Of each limiter a row a minute, for as long as the longest threshold and its window. */
const KEPT = '24 hours';

interface Row {
  signal: Signal;
  level: SignalLevel;
  since: string | null;
  version: number;
}

/**
 * Judges every signal by the database's clock, in one transaction: what turned is on record, has its entry, and to `warn` or
 * `page` its notification, which hooks are sent. Returns what turned.
 */
export async function judgeSignals(db: Database, thresholds: Thresholds): Promise<Signal[]> {
  return transaction(db, async (tx) => {
    await tx.query(
      `INSERT INTO slo_signals (workspace_id, signal, level, judged_at, version, actor)
        SELECT $1, signal, 'ok', clock_timestamp(), 1, '${ACTOR}' FROM unnest($2::text[]) AS s(signal)
        ON CONFLICT (workspace_id, signal) DO NOTHING`,
      [INSTANCE, [...SIGNALS].sort()],
    );
    const before = await rows<Row & { now: string }>(
      tx,
      `SELECT signal, level, since, version, date_trunc('milliseconds', clock_timestamp()) AS now FROM slo_signals
        WHERE workspace_id = $1 ORDER BY signal FOR UPDATE`,
      [INSTANCE],
    );
    const now = before[0]?.now ?? '';
    const judged = await judge(tx, thresholds, now);
    const turned = before.filter((row) => judged.get(row.signal)?.level !== row.level);
    for (const row of turned) await turn(tx, row, judged.get(row.signal) ?? row, now);
    await tx.query('UPDATE slo_signals SET judged_at = $2 WHERE workspace_id = $1', [INSTANCE, now]);
    await tx.query(`DELETE FROM limit_refusals WHERE minute < $1::timestamptz - interval '${KEPT}'`, [now]);
    return turned.map(({ signal }) => signal);
  });
}

async function judge(tx: Tx, thresholds: Thresholds, now: string): Promise<Map<Signal, SignalState>> {
  const refused = await rows<RefusalMinute & { signal: Limit }>(
    tx,
    `SELECT signal, minute, n FROM limit_refusals WHERE workspace_id = $1 AND signal = ANY($2)
        AND minute >= $3::timestamptz - interval '${KEPT}' ORDER BY signal, minute LIMIT 10000`,
    [INSTANCE, LIMITS, now],
  );
  const of = (limit: Limit) => refused.filter(({ signal }) => signal === limit);
  const judged = new Map<Signal, SignalState>(
    LIMITS.map((name) => [name, limitSignal(of(name), thresholds[name], now)]),
  );
  const asked = (await upstreamProbes(tx)).filter(({ probe }) => probe === 'readiness');
  return judged.set(
    'provider_readiness',
    providerSignal(providerReadiness(asked, now), thresholds.provider_readiness, now),
  );
}

async function turn(tx: Tx, { signal, level, version }: Row, to: SignalState, now: string): Promise<void> {
  const by = { workspace_id: INSTANCE, actor: ACTOR, on_behalf_of: null };
  await tx.query(
    'UPDATE slo_signals SET level = $3, since = $4, version = version + 1 WHERE workspace_id = $1 AND signal = $2',
    [INSTANCE, signal, to.level, to.since],
  );
  await writeEntries(tx, [
    {
      ...by,
      at: now,
      action: 'slo_signal',
      object: `slo/${signal}`,
      record_hash: null,
      record_version: version + 1,
      detail: { signal, level: to.level, before: level, since: to.since },
      policy_digest: null,
    },
  ]);
  if (to.level === 'ok') return;
  const message = `the signal ${signal} is at ${to.level} since ${to.since ?? now}`;
  const kind = to.level === 'page' ? 'page' : 'alert';
  const severity = to.level === 'page' ? 'high' : 'medium';
  await addNotifications(tx, [{ ...by, kind, incident_id: null, severity, message, created_at: now }]);
}
