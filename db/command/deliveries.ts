import { pauseAfter } from '../../domain/hook/delivery.ts';
import type { DeliveryLook, DeliveryOutcome, DeliveryState } from '../../domain/hook/delivery.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { activeHooks } from './apply-hooks.ts';
import { visibleWorkspaces } from './caller.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import { wakeDelivery } from './queue-deliveries.ts';

export interface DeliveryKey {
  workspace_id: string;
  delivery_id: string;
}

/** Where to send what, signed by what. */
export interface DeliveryDispatch {
  attempt: number;
  url: string;
  internal: boolean;
  secret_refs: string[];
  body: string;
  hook: string;
}

interface Row {
  hook: string;
  body: string;
  state: DeliveryState;
  attempts: number;
  severity_rank: number;
  now: string;
}

/** An attempt whose outcome nobody brought back is made again after this. */
const IN_FLIGHT = '15 seconds';
const ACTOR: Caller = { workspace_id: '', actor: 'delivery', on_behalf_of: null };
const NOW = `date_trunc('milliseconds', clock_timestamp()) AS now`;

const lock = (tx: Tx, { workspace_id, delivery_id }: DeliveryKey): Promise<Row | undefined> =>
  one<Row>(tx, `SELECT *, ${NOW} FROM deliveries WHERE workspace_id = $1 AND delivery_id = $2 FOR UPDATE`, [
    workspace_id,
    delivery_id,
  ]);

/** What a delivery's process has to do now; a delivery that is settled ends it. */
export async function lookAfterDelivery(db: Database, of: DeliveryKey): Promise<DeliveryLook> {
  return transaction(db, async (tx) => {
    const row = await one<{ state: DeliveryState; ms: number }>(
      tx,
      `SELECT state, greatest(0, ceil(extract(epoch FROM next_attempt_at - clock_timestamp()) * 1000))::int8 AS ms
        FROM deliveries WHERE workspace_id = $1 AND delivery_id = $2 FOR SHARE`,
      [of.workspace_id, of.delivery_id],
    );
    if (row?.state === 'pending') return { over: false, due: row.ms === 0, next_in_ms: row.ms };
    await tx.query(
      'UPDATE process SET over_at = clock_timestamp() WHERE workspace_id = $1 AND workflow_id = $2 AND over_at IS NULL',
      [of.workspace_id, `delivery/${of.delivery_id}`],
    );
    return { over: true, due: false, next_in_ms: 0 };
  });
}

/** Records that an attempt is made; null when none is to be. A hook is sent to only while it is in the set in force. */
export async function beginDelivery(db: Database, of: DeliveryKey): Promise<DeliveryDispatch | null> {
  return transaction(db, async (tx) => {
    const row = await lock(tx, of);
    if (row?.state !== 'pending') return null;
    const attempt = row.attempts + 1;
    await tx.query(
      `UPDATE deliveries SET attempts = $3, next_attempt_at = clock_timestamp() + interval '${IN_FLIGHT}'
        WHERE workspace_id = $1 AND delivery_id = $2`,
      [of.workspace_id, of.delivery_id, attempt],
    );
    const hook = (await activeHooks(tx))?.set.hooks.find((h) => h.name === row.hook);
    if (hook === undefined) {
      await settle(tx, of, { ...row, attempts: attempt }, { ok: false, code: 'hook_removed' });
      return null;
    }
    const { url, internal, secret } = hook;
    const secret_refs = [secret.ref, ...(secret.previous_ref === undefined ? [] : [secret.previous_ref])];
    return { attempt, url, internal, secret_refs, body: row.body, hook: row.hook };
  });
}

/** Records what came of an attempt: it was taken, it is tried again later, or it is dead. */
export async function settleDelivery(
  db: Database,
  of: DeliveryKey,
  attempt: number,
  outcome: DeliveryOutcome,
): Promise<void> {
  await transaction(db, async (tx) => {
    const row = await lock(tx, of);
    if (row?.state === 'pending' && row.attempts === attempt) await settle(tx, of, row, outcome);
  });
}

async function settle(tx: Tx, of: DeliveryKey, row: Row, outcome: DeliveryOutcome): Promise<void> {
  const pause = outcome.ok ? null : pauseAfter(row.attempts, outcome.code);
  const state: DeliveryState = outcome.ok ? 'delivered' : pause === null ? 'dead' : 'pending';
  await tx.query(
    `UPDATE deliveries SET state = $3, last_error = $4, next_attempt_at = clock_timestamp() + $5 * interval '1 millisecond',
        settled_at = CASE WHEN $3 = 'pending' THEN NULL ELSE $6::timestamptz END WHERE workspace_id = $1 AND delivery_id = $2`,
    [of.workspace_id, of.delivery_id, state, outcome.ok ? null : outcome.code, pause, row.now],
  );
  if (state === 'pending') return;
  const detail = { hook: row.hook, attempts: row.attempts, ...(outcome.ok ? {} : { code: outcome.code }) };
  await entry(tx, ACTOR, of, state === 'dead' ? 'delivery_dead' : 'delivery_taken', detail, row.now);
}

export type DeliveryRetried = { ok: true } | { ok: false; code: 'delivery_not_found' | 'delivery_not_dead' } | Reused;

/** Has a dead delivery sent again, as if it were new. */
export async function retryDelivery(
  db: Database,
  by: Caller,
  { delivery_id, key }: { delivery_id: string; key: DecisionKey },
): Promise<DeliveryRetried> {
  // The instance's own are retried by those who decide for it.
  const known = await one<{ workspace_id: string }>(
    db,
    'SELECT workspace_id FROM deliveries WHERE workspace_id = ANY($1) AND delivery_id = $2',
    [visibleWorkspaces(by.workspace_id), delivery_id],
  );
  const workspace_id = known?.workspace_id ?? by.workspace_id;
  const once = { workspace_id, aggregate: `delivery/${delivery_id}`, kind: 'retry', key };
  return decideOnce<DeliveryRetried>(db, by, once, async (tx, now) => {
    const of = { workspace_id, delivery_id };
    const row = await lock(tx, of);
    if (row === undefined) return { ok: false, code: 'delivery_not_found' };
    if (row.state !== 'dead') return { ok: false, code: 'delivery_not_dead' };
    await tx.query(
      `UPDATE deliveries SET state = 'pending', attempts = 0, next_attempt_at = $3, settled_at = NULL
        WHERE workspace_id = $1 AND delivery_id = $2`,
      [workspace_id, delivery_id, now],
    );
    await entry(tx, by, of, 'delivery_retried', { hook: row.hook }, now);
    await wakeDelivery(tx, { ...of, severity_rank: row.severity_rank }, now, by.actor);
    return { ok: true };
  });
}

const entry = (
  tx: Tx,
  { actor, on_behalf_of }: Caller,
  { workspace_id, delivery_id }: DeliveryKey,
  action: string,
  detail: Record<string, unknown>,
  at: string,
): Promise<void> =>
  writeEntries(tx, [
    {
      workspace_id,
      at,
      actor,
      on_behalf_of,
      action,
      object: `delivery/${delivery_id}`,
      record_hash: null,
      record_version: null,
      detail,
      policy_digest: null,
    },
  ]);
