import type { Database } from '../client.ts';
import { one, rows } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import type { ProcessType } from '../../domain/process/types.ts';

/** A poke for the engine: start the process if it does not run, and tell it that its record changed. */
export interface OutboxPoke {
  workspace_id: string;
  workflow_id: string;
  type: ProcessType;
  subject: string;
  severity_rank: number;
  version: number;
}

/** Critical pokes travel in a lane of their own: nothing that others wait for may hold them up. */
export type Lane = 'critical' | 'ordinary';
const RANKS: Record<Lane, [number, number]> = { critical: [1, 1], ordinary: [2, 32767] };

interface Row extends OutboxPoke {
  id: number;
  started: boolean;
  wanted: boolean;
}

export interface RelayOptions {
  lane: Lane;
  /** Rows at most. */
  limit: number;
  /** Processes of the lane that may be started and not yet settled; a soft limit when several relays run. */
  window: number;
}

/** `taken`: rows that are gone from the outbox; `blocked`: rows were left because the window is full. */
export interface Relayed {
  taken: number;
  blocked: boolean;
}

/**
 * Hands a batch of outbox rows to `send` in severity order and deletes those it took, while the rows are locked. `send`
 * returns, by index, which pokes the engine has; several rows of one process are one poke. Rows of processes that are
 * over are deleted unsent.
 */
export async function relayOutbox(
  db: Database,
  { lane, limit, window }: RelayOptions,
  send: (pokes: OutboxPoke[]) => Promise<boolean[]>,
): Promise<Relayed> {
  return transaction(db, async (tx) => {
    const capacity = Math.max(0, window - (await unsettled(tx, lane, window)));
    const batch = await lockBatch(tx, lane, limit, capacity > 0);
    if (batch.length === 0) return { taken: 0, blocked: capacity === 0 };
    const { pokes, held } = admit(batch, capacity);
    const taken = await send(pokes);
    const reached = pokes.filter((_, i) => taken[i] === true);
    const gone = new Set(reached.map((p) => p.workflow_id));
    const ids = batch.filter((row) => !row.wanted || gone.has(row.workflow_id)).map((row) => row.id);
    if (reached.length > 0) await markStarted(tx, reached);
    if (ids.length > 0)
      await tx.query({ name: 'outbox-delete', text: 'DELETE FROM outbox WHERE id = ANY($1::int8[])', values: [ids] });
    return { taken: ids.length, blocked: held };
  });
}

/** One poke per process, at the latest version; of those not started yet as many as the window has room for. */
function admit(batch: Row[], capacity: number): { pokes: OutboxPoke[]; held: boolean } {
  const pokes = new Map<string, OutboxPoke>();
  let room = capacity;
  let held = false;
  for (const row of batch) {
    const { workspace_id, workflow_id, type, subject, severity_rank, version } = row;
    const known = pokes.get(workflow_id);
    if (!row.wanted) continue;
    if (known !== undefined) known.version = Math.max(known.version, version);
    else if (row.started || room-- > 0)
      pokes.set(workflow_id, { workspace_id, workflow_id, type, subject, severity_rank, version });
    else held = true;
  }
  return { pokes: [...pokes.values()], held };
}

/** Counted up to the window, in the lane's share of the processes that are not over. */
async function unsettled(tx: Tx, lane: Lane, window: number): Promise<number> {
  const row = await one<{ n: number }>(
    tx,
    `SELECT count(*) AS n FROM (SELECT 1 FROM process WHERE over_at IS NULL AND started_at IS NOT NULL AND settled_at IS NULL
      AND severity_rank BETWEEN $1 AND $2 LIMIT $3) AS s`,
    [...RANKS[lane], window],
  );
  return row?.n ?? 0;
}

async function lockBatch(tx: Tx, lane: Lane, limit: number, room: boolean): Promise<Row[]> {
  return rows<Row>(
    tx,
    `SELECT o.id, o.workspace_id, o.workflow_id, o.type, o.subject, o.version, o.severity_rank,
        p.started_at IS NOT NULL AS started, (p.workflow_id IS NOT NULL AND p.over_at IS NULL) AS wanted
      FROM outbox o LEFT JOIN process p ON p.workspace_id = o.workspace_id AND p.workflow_id = o.workflow_id
      WHERE o.severity_rank BETWEEN $1 AND $2 AND ($4 OR p.started_at IS NOT NULL OR p.workflow_id IS NULL OR p.over_at IS NOT NULL)
      ORDER BY o.severity_rank, o.id LIMIT $3 FOR UPDATE OF o SKIP LOCKED`,
    [...RANKS[lane], limit, room],
  );
}

/** In key order, as every transaction that locks several processes. */
async function markStarted(tx: Tx, pokes: OutboxPoke[]): Promise<void> {
  await tx.query({
    name: 'process-started',
    text: `UPDATE process p SET started_at = clock_timestamp() FROM
        (SELECT q.workspace_id, q.workflow_id FROM process q JOIN unnest($1::text[], $2::text[]) AS s(w, id)
          ON q.workspace_id = s.w AND q.workflow_id = s.id WHERE q.started_at IS NULL
          ORDER BY q.workspace_id, q.workflow_id FOR UPDATE OF q) AS fresh
      WHERE p.workspace_id = fresh.workspace_id AND p.workflow_id = fresh.workflow_id`,
    values: [pokes.map((p) => p.workspace_id), pokes.map((p) => p.workflow_id)],
  });
}
