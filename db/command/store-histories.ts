import { aggregateOf, incidentOf } from '../../domain/process/types.ts';
import type { Database } from '../client.ts';
import { one } from '../client.ts';
import type { ClosedProcess } from '../read/unstored-histories.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';

const ACTOR = 'histories';

/** A run whose history lies among the blobs, or that the engine does not have any more. */
export type RunHistory =
  | { run_id: string; status: string; digest: string; bytes: number; events: number }
  | { run_id: string; lost: 'not_found' };

const INSERT = `INSERT INTO process_histories
    (workspace_id, workflow_id, run_id, type, incident_id, status, digest, bytes, stored_at, lost_at, actor)
  SELECT $1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $7::text IS NULL THEN NULL ELSE t.now END, CASE WHEN $7::text IS NULL THEN t.now END, $9
    FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS now) AS t
  ON CONFLICT (workspace_id, workflow_id, run_id) DO NOTHING RETURNING coalesce(stored_at, lost_at) AS now`;

/**
 * Records what became of one run, with its entry; false when it is on record already. Any number of workers may say so, one
 * of them is the first.
 */
export async function recordHistory(db: Database, process: ClosedProcess, run: RunHistory): Promise<boolean> {
  const { workspace_id, workflow_id, type, subject } = process;
  const stored = 'lost' in run ? null : run;
  return transaction(db, async (tx) => {
    const row = await one<{ now: string }>(tx, INSERT, [
      workspace_id,
      workflow_id,
      run.run_id,
      type,
      incidentOf(type, subject),
      stored?.status ?? null,
      stored?.digest ?? null,
      stored?.bytes ?? null,
      ACTOR,
    ]);
    if (row === undefined) return false;
    const said = 'lost' in run ? { found: run.lost, started: process.started } : told(run);
    await writeEntries(tx, [
      {
        workspace_id,
        at: row.now,
        actor: ACTOR,
        on_behalf_of: null,
        action: stored === null ? 'process_history_lost' : 'process_history_stored',
        object: aggregateOf(type, subject),
        record_hash: null,
        record_version: null,
        detail: { workflow_id, run_id: run.run_id, type, ...said },
        policy_digest: null,
      },
    ]);
    return true;
  });
}

const told = ({ status, digest, bytes, events }: Exclude<RunHistory, { lost: unknown }>) => ({
  status,
  digest,
  bytes,
  events,
});

/** Every run of the process is on record; nothing is done about it again unless it is opened again and closed later. */
export async function finishHistories(db: Database, { workspace_id, workflow_id, over_at }: ClosedProcess) {
  await db.query(
    `UPDATE process SET history_at = greatest(over_at, clock_timestamp())
      WHERE workspace_id = $1 AND workflow_id = $2 AND over_at = $3::timestamptz`,
    [workspace_id, workflow_id, over_at],
  );
}
