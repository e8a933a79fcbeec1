import { closedBy, pauseMs } from '../../domain/adapter/state.ts';
import type { AdapterTarget, SendOutcome } from '../../domain/adapter/state.ts';
import { one, rows } from '../client.ts';
import type { Database } from '../client.ts';
import type { Adapter } from '../read/adapters.ts';
import { gateWorkspaces } from '../read/check-gate.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import type { AdapterKey } from '../write/adapter-targets.ts';
import { INSTANCE } from './caller.ts';
import { writeEntries } from '../write/ledger.ts';
import { settleAll, SYNC } from './adapter-requests.ts';
import { failPending, lockGates } from './settle-actions.ts';

/** What became of one sending. */
export interface Answered extends AdapterKey, AdapterTarget {
  sending: number;
  outcome: SendOutcome;
}

interface Row {
  sending: number;
  sent_state: 'closed' | 'open';
  sent_own: number;
  sent_instance: number;
  sent_generation: number;
  held_own: number;
  held_instance: number;
  attempts: number;
  now: string;
}

/** How many incidents an answer names of those that waited for it. */
const NAMED = 100;

/**
 * Takes an adapter's answer to the record. An acknowledged `closed` satisfies every hold on this very target placed at or
 * below its generation (one on `*` waits for the answer about `*`), and settles the actions that all adapters now hold; a refusal or silence fails those that wait for it. An
 * answer to any but the latest sending changes nothing. True when it counted.
 */
export async function recordAnswer(db: Database, answered: Answered): Promise<boolean> {
  const { workspace_id, gate, target, outcome } = answered;
  const adapter = await transaction(db, async (tx) => {
    const key = [answered.workspace_id, answered.adapter_id];
    const known = await one<Adapter>(
      tx,
      'SELECT * FROM adapters WHERE workspace_id = $1 AND adapter_id = $2 FOR UPDATE',
      key,
    );
    const row = await one<Row>(
      tx,
      `SELECT sending, sent_state, sent_own, sent_instance, sent_generation, held_own, held_instance, attempts,
          date_trunc('milliseconds', clock_timestamp()) AS now FROM adapter_targets WHERE workspace_id = $1 AND adapter_id = $2 AND gate = $3 AND target = $4 FOR UPDATE`,
      [...key, gate, target],
    );
    if (known?.state !== 'active' || row === undefined || row.sending !== answered.sending) return null;
    if (outcome.ok) await acknowledged(tx, answered, row, known, outcome.latency_ms);
    else await failed(tx, answered, row, known, outcome.code);
    return known;
  });
  if (adapter === null) return false;
  if (outcome.ok) await settleAll(db, { workspace_id, gates: [gate], target });
  else await failAll(db, answered, `adapter ${adapter.name}: ${outcome.code}`);
  return true;
}

/** Due again at once when the state moved on between the sending and its answer. */
async function acknowledged(tx: Tx, a: Answered, row: Row, adapter: Adapter, latency_ms: number): Promise<void> {
  const generation = row.sent_generation;
  const held = row.sent_state === 'closed' ? [row.sent_own, row.sent_instance] : [0, 0];
  const told = await one<{ due: boolean }>(
    tx,
    `UPDATE adapter_targets SET acked_at = $5, acknowledged_state = $6, acknowledged_generation = $7::int8, held_own = $8,
        held_instance = $9, attempts = 0, next_attempt_at = NULL, last_error = NULL,
        due = (SELECT coalesce(sum(generation), 0)::int8 FROM gate_states WHERE workspace_id = ANY($10) AND gate = $3 AND target = ANY($11)) <> $7::int8
      WHERE workspace_id = $1 AND adapter_id = $2 AND gate = $3 AND target = $4 RETURNING due`,
    [
      a.workspace_id,
      a.adapter_id,
      a.gate,
      a.target,
      row.now,
      row.sent_state,
      generation,
      ...held,
      gateWorkspaces(a.workspace_id),
      closedBy(a.target),
    ],
  );
  await tx.query(
    `UPDATE adapters SET last_ack_at = $3, last_latency_ms = $4, last_error = NULL, failing_since = NULL
      WHERE workspace_id = $1 AND adapter_id = $2`,
    [a.workspace_id, a.adapter_id, row.now, latency_ms],
  );
  const incidents = row.sent_state === 'closed' ? await awaitedBy(tx, a, row) : [];
  const restored = told?.due === false ? await releasedBefore(tx, a) : [];
  const named = { ...(incidents.length === 0 ? {} : { incidents }), ...(restored.length === 0 ? {} : { restored }) };
  const detail = { name: adapter.name, gate: a.gate, target: a.target, state: row.sent_state, generation, ...named };
  await writeEntries(tx, [entryOf(a, 'adapter_acknowledged', detail, row.now)]);
}

/** The first incidents whose holds waited for this acknowledgement: those above what the adapter held before. */
async function awaitedBy(tx: Tx, a: Answered, row: Row): Promise<string[]> {
  const found = await rows<{ incident_id: string }>(
    tx,
    `SELECT DISTINCT incident_id FROM (
      (SELECT incident_id, generation FROM holds WHERE workspace_id = $1 AND gate = $2 AND target = $3 AND awaited
        AND generation > $4 AND generation <= $5 ORDER BY generation LIMIT ${NAMED})
      UNION ALL (SELECT incident_id, generation FROM holds WHERE workspace_id = '${INSTANCE}' AND $1 <> '${INSTANCE}' AND gate = $2
        AND target = $3 AND awaited AND generation > $6 AND generation <= $7 ORDER BY generation LIMIT ${NAMED})) AS h
      WHERE incident_id IS NOT NULL ORDER BY incident_id LIMIT ${NAMED}`,
    [a.workspace_id, a.gate, a.target, row.held_own, row.sent_own, row.held_instance, row.sent_instance],
  );
  return found.map((hold) => hold.incident_id);
}

/**
 * The first incidents whose released holds this adapter has now heard of, whether the target is open or other holds close
 * it. To be asked only when nothing changed since the sending: what was released later it has yet to hear.
 */
async function releasedBefore(tx: Tx, a: Answered): Promise<string[]> {
  const found = await rows<{ incident_id: string }>(
    tx,
    `SELECT DISTINCT incident_id FROM holds WHERE restoring AND workspace_id = ANY($1) AND gate = $2 AND target = $3
        AND incident_id IS NOT NULL ORDER BY incident_id LIMIT ${NAMED}`,
    [gateWorkspaces(a.workspace_id), a.gate, a.target],
  );
  return found.map((hold) => hold.incident_id);
}

async function failed(tx: Tx, a: Answered, row: Row, adapter: Adapter, code: string): Promise<void> {
  await tx.query(
    `UPDATE adapter_targets SET last_error = $5, next_attempt_at = $6::timestamptz + make_interval(secs => $7)
      WHERE workspace_id = $1 AND adapter_id = $2 AND gate = $3 AND target = $4`,
    [a.workspace_id, a.adapter_id, a.gate, a.target, code, row.now, pauseMs(row.attempts) / 1000],
  );
  await tx.query(
    `UPDATE adapters SET last_error = $3, failing_since = coalesce(failing_since, $4) WHERE workspace_id = $1 AND adapter_id = $2`,
    [a.workspace_id, a.adapter_id, code, row.now],
  );
  if (adapter.failing_since !== null) return;
  const detail = { name: adapter.name, gate: a.gate, target: a.target, state: row.sent_state, code };
  await writeEntries(tx, [entryOf(a, 'adapter_failed', detail, row.now)]);
}

async function failAll(
  db: Database,
  { workspace_id, adapter_id, gate, target }: Answered,
  error: string,
): Promise<void> {
  for (;;) {
    const more = await transaction(db, async (tx) => {
      await lockGates(tx, [gate]);
      return failPending(tx, { workspace_id, adapter_id, gates: [gate], target }, error, SYNC);
    });
    if (!more) return;
  }
}

const entryOf = (a: AdapterKey, action: string, detail: Record<string, unknown>, at: string) => ({
  workspace_id: a.workspace_id,
  at,
  ...SYNC,
  action,
  object: `adapter/${a.adapter_id}`,
  record_hash: null,
  record_version: null,
  detail,
  policy_digest: null,
});

/** What came of a trial, for whoever waits for it. */
export async function recordTrial(db: Database, key: AdapterKey, trial: string, outcome: SendOutcome): Promise<void> {
  await db.query(
    `UPDATE adapters SET trial_done_id = $3, trial_error = $4, trial_latency_ms = $5
      WHERE workspace_id = $1 AND adapter_id = $2 AND trial_id = $3`,
    [key.workspace_id, key.adapter_id, trial, outcome.ok ? null : outcome.code, outcome.ok ? outcome.latency_ms : null],
  );
}
