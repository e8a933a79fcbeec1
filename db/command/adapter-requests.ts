import { randomUUID } from 'node:crypto';
import type { Gate } from '../../domain/containment/types.ts';
import type { AdapterLook, AdapterState, AdapterTarget } from '../../domain/adapter/state.ts';
import { one, rows } from '../client.ts';
import type { Database } from '../client.ts';
import { presentState } from '../read/adapter-state.ts';
import type { Adapter } from '../read/adapters.ts';
import { transaction } from '../transaction.ts';
import type { AdapterKey } from '../write/adapter-targets.ts';
import { lockGates, settleHeld } from './settle-actions.ts';
import { settleRestored } from './settle-restores.ts';
import { spreadEverything } from './spread-everything.ts';

/** Whose doing it is when an adapter answered, or did not. */
export const SYNC = { actor: 'adapterSync', on_behalf_of: null };

/** What is needed to send: where to, signed by what, and the state as it is at this moment. */
export interface Sending {
  message_id: string;
  sending: number;
  /** Null: it is a child of ours. */
  url: string | null;
  internal: boolean;
  secret_refs: string[];
  state: AdapterState;
}

const ADAPTER = 'SELECT * FROM adapters WHERE workspace_id = $1 AND adapter_id = $2';

/** While a change of `*` spreads in batches. */
const LOOK_SOON_MS = 50;

/**
 * What an adapter has to be told now, most urgent first, at most `limit`; a change of `*` makes its other targets due here.
 * `sweep` also settles what was acknowledged by an answer that nobody came to judge. An adapter that is not active has
 * nothing to be told.
 */
export async function lookAfterAdapter(
  db: Database,
  { workspace_id, adapter_id }: AdapterKey,
  { limit, sweep }: { limit: number; sweep: boolean },
): Promise<AdapterLook> {
  const adapter = await one<Adapter>(db, ADAPTER, [workspace_id, adapter_id]);
  if (adapter?.state !== 'active') {
    const over = await closeSync(db, { workspace_id, adapter_id });
    return { over, due: [], trial: null, next_in_ms: over ? null : 0 };
  }
  if (sweep) await settleAll(db, { workspace_id, gates: adapter.gates });
  const spread = await spreadEverything(db, { workspace_id, adapter_id }, adapter.gates);
  const due = await rows<AdapterTarget>(
    db,
    `SELECT gate, target FROM adapter_targets WHERE workspace_id = $1 AND adapter_id = $2 AND due
      AND (next_attempt_at IS NULL OR next_attempt_at <= clock_timestamp()) ORDER BY severity_rank, due_at LIMIT $3`,
    [workspace_id, adapter_id, limit],
  );
  const next = await one<{ ms: number | null }>(
    db,
    `SELECT ceil(extract(epoch FROM min(next_attempt_at) - clock_timestamp()) * 1000)::int8 AS ms FROM adapter_targets
      WHERE workspace_id = $1 AND adapter_id = $2 AND due AND next_attempt_at > clock_timestamp()`,
    [workspace_id, adapter_id],
  );
  const trial = adapter.trial_id !== adapter.trial_done_id ? adapter.trial_id : null;
  const next_in_ms = next?.ms === undefined || next.ms === null ? null : Math.max(0, next.ms);
  return { over: false, due, trial, next_in_ms: spread ? next_in_ms : Math.min(next_in_ms ?? Infinity, LOOK_SOON_MS) };
}

/** Closes the process of an adapter that is not active; false when it has become so meanwhile. */
async function closeSync(db: Database, { workspace_id, adapter_id }: AdapterKey): Promise<boolean> {
  return transaction(db, async (tx) => {
    const adapter = await one<Adapter>(tx, `${ADAPTER} FOR SHARE`, [workspace_id, adapter_id]);
    if (adapter?.state === 'active') return false;
    await tx.query(
      'UPDATE process SET over_at = clock_timestamp() WHERE workspace_id = $1 AND workflow_id = $2 AND over_at IS NULL',
      [workspace_id, `adapter/${adapter_id}`],
    );
    return true;
  });
}

/**
 * Settles every awaited action of an adapter's gates, or of one target, that all adapters hold, and every released hold
 * that all have heard of; a batch per transaction.
 */
export async function settleAll(
  db: Database,
  part: { workspace_id: string; gates: Gate[]; target?: string },
): Promise<void> {
  for (;;) {
    const { more } = await transaction(db, async (tx) => {
      await lockGates(tx, part.gates);
      return settleHeld(tx, part, SYNC);
    });
    if (!more) break;
  }
  while (await transaction(db, (tx) => settleRestored(tx, part, SYNC.actor)));
}

/** Records that the present state is being sent, and returns it; null when there is nothing to send any more. */
export async function beginSending(
  db: Database,
  { workspace_id, adapter_id }: AdapterKey,
  { gate, target }: AdapterTarget,
): Promise<Sending | null> {
  return transaction(db, async (tx) => {
    const row = await one<{ sending: number }>(
      tx,
      `SELECT sending FROM adapter_targets WHERE workspace_id = $1 AND adapter_id = $2 AND gate = $3 AND target = $4 AND due FOR UPDATE`,
      [workspace_id, adapter_id, gate, target],
    );
    if (row === undefined) return null;
    const adapter = await one<Adapter>(tx, ADAPTER, [workspace_id, adapter_id]);
    if (adapter?.state !== 'active') return null;
    const { state, own, instance } = await presentState(tx, workspace_id, { gate, target });
    const sending = row.sending + 1;
    await tx.query(
      `UPDATE adapter_targets SET sending = $5, sent_at = clock_timestamp(), sent_state = $6, sent_own = $7, sent_instance = $8,
          sent_generation = $9, attempts = attempts + 1 WHERE workspace_id = $1 AND adapter_id = $2 AND gate = $3 AND target = $4`,
      [workspace_id, adapter_id, gate, target, sending, state.state, own, instance, state.generation],
    );
    return { ...requestOf(adapter), sending, state };
  });
}

/** A trial request that somebody waits for; null when it was answered or replaced. */
export async function beginTrial(db: Database, { workspace_id, adapter_id }: AdapterKey, trial: string) {
  const adapter = await one<Adapter>(db, ADAPTER, [workspace_id, adapter_id]);
  if (adapter?.state !== 'active' || adapter.trial_id !== trial || adapter.trial_done_id === trial) return null;
  return requestOf(adapter);
}

const requestOf = ({ url, internal, secret_ref, previous_secret_ref }: Adapter) => ({
  message_id: `msg_${randomUUID()}`,
  url,
  internal,
  secret_refs: [secret_ref, previous_secret_ref].filter((ref) => ref !== null),
});
