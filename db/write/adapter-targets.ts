import type { Tx } from '../transaction.ts';
import { wakeStanding } from './standing-processes.ts';

/** A row of `adapter_targets` that was never sent, in the order of `TARGET_ZEROS`. */
export const TARGET_COLUMNS =
  'workspace_id, adapter_id, gate, target, due, severity_rank, due_at, attempts, sending, sent_own, sent_instance, ' +
  'sent_generation, acknowledged_generation, held_own, held_instance, spread_generation, actor';
export const TARGET_ZEROS = '0, 0, 0, 0, 0, 0, 0, 0, 0';

/**
 * A row that is due already keeps its place in the queue. A pause after failures gets short, for there is something new
 * to say; where there is none the adapter is told at once (`least` alone would make one: it passes over NULL).
 */
export const DUE_AGAIN = `severity_rank = CASE WHEN t.due THEN least(t.severity_rank, excluded.severity_rank) ELSE excluded.severity_rank END,
  due_at = CASE WHEN t.due THEN t.due_at ELSE excluded.due_at END,
  next_attempt_at = CASE WHEN t.next_attempt_at IS NOT NULL THEN least(t.next_attempt_at, excluded.due_at + interval '1 second') END,
  attempts = CASE WHEN t.due THEN t.attempts ELSE 0 END`;

/** How urgent it is to tell: a hold goes by the severity of its incident, and a restore after everything that closes. */
export const RESTORE_RANK = 5;
/** A target that `*` closes: whoever takes `*` into account, as adapters should, holds it closed already. */
export const CLOSED_BY_EVERYTHING_RANK = 4;

export interface AdapterKey {
  workspace_id: string;
  adapter_id: string;
}

/** Lists the adapter's process among those the engine has to run, and has it look at once. */
export async function wakeAdapter(
  tx: Tx,
  { workspace_id, adapter_id }: AdapterKey,
  now: string,
  actor: string,
): Promise<void> {
  await wakeStanding(tx, { workspace_id, type: 'adapterSync', subject: adapter_id }, { severity_rank: 1, actor, now });
}

const EVERYTHING_CLOSED = `EXISTS (SELECT 1 FROM gate_states e WHERE e.workspace_id IN (a.workspace_id, 'system')
              AND e.gate = g.gate AND e.target = '*' AND e.standing > 0)`;

/**
 * Has an adapter told the present state of every gate and target ever held that it keeps, as to a new one: what it held
 * counts for nothing. Waits for transactions that are changing holds; they and this one see each other's work.
 */
export async function tellEverything(
  tx: Tx,
  { workspace_id, adapter_id }: AdapterKey,
  now: string,
  actor: string,
): Promise<void> {
  await tx.query('LOCK TABLE gate_states IN SHARE MODE');
  await tx.query(
    `INSERT INTO adapter_targets AS t (${TARGET_COLUMNS})
      SELECT a.workspace_id, a.adapter_id, g.gate, g.target, true, CASE WHEN sum(g.standing) > 0 THEN 1
            WHEN ${EVERYTHING_CLOSED} THEN ${CLOSED_BY_EVERYTHING_RANK} ELSE ${RESTORE_RANK} END, $3::timestamptz, ${TARGET_ZEROS}, $4
        FROM adapters a JOIN gate_states g ON g.workspace_id IN (a.workspace_id, 'system') AND g.gate = ANY(a.gates)
        WHERE a.workspace_id = $1 AND a.adapter_id = $2 GROUP BY a.workspace_id, a.adapter_id, g.gate, g.target ORDER BY 3, 4
      ON CONFLICT (workspace_id, adapter_id, gate, target) DO UPDATE
        SET due = true, attempts = 0, next_attempt_at = NULL, due_at = excluded.due_at, severity_rank = excluded.severity_rank,
          sending = t.sending + 1, held_own = 0, held_instance = 0, last_error = NULL`,
    [workspace_id, adapter_id, now, actor],
  );
  await wakeAdapter(tx, { workspace_id, adapter_id }, now, actor);
}
