import { workflowIdOf } from '../../domain/process/types.ts';
import type { STANDING_TYPES } from '../../domain/process/types.ts';
import type { Tx } from '../transaction.ts';

export interface StandingProcess {
  workspace_id: string;
  type: (typeof STANDING_TYPES)[number];
  subject: string;
}

/** Settled from the start: the relay's window is for processes that containment waits for, and nothing waits for these. */
const LIST = `INSERT INTO process AS p (workspace_id, workflow_id, type, subject, severity_rank, created_at, settled_at, actor)
  VALUES ($1, $2, $3, $4, $5, $6, $6, $7)
  ON CONFLICT (workspace_id, workflow_id) DO UPDATE SET over_at = NULL, settled_at = coalesce(p.settled_at, excluded.settled_at)`;

const POKE = `INSERT INTO outbox (workspace_id, workflow_id, type, subject, version, severity_rank, created_at, actor)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`;

interface Poke {
  severity_rank: number;
  version?: number;
  actor: string;
  now: string;
}

/** Lists a process with a record of its own among those the engine has to run, and has it look at its record at once. */
export async function wakeStanding(tx: Tx, process: StandingProcess, poke: Poke): Promise<void> {
  const { workspace_id, type, subject } = process;
  const { severity_rank, actor, now } = poke;
  await tx.query(LIST, [workspace_id, workflowIdOf(type, subject), type, subject, severity_rank, now, actor]);
  await pokeStanding(tx, process, poke);
}

/** Has it look at its record at once, and lists nothing: for one that has ended and is to take note of it. */
export async function pokeStanding(
  tx: Tx,
  { workspace_id, type, subject }: StandingProcess,
  { severity_rank, version = 1, actor, now }: Poke,
): Promise<void> {
  await tx.query(POKE, [workspace_id, workflowIdOf(type, subject), type, subject, version, severity_rank, now, actor]);
  await tx.query("SELECT pg_notify('outbox', '')");
}

/** The record no longer asks for this process: it ends with its next look, and nobody starts it again. */
export async function endStanding(
  tx: Tx,
  { workspace_id, type, subject }: StandingProcess,
  now: string,
): Promise<void> {
  await tx.query('UPDATE process SET over_at = $3 WHERE workspace_id = $1 AND workflow_id = $2 AND over_at IS NULL', [
    workspace_id,
    workflowIdOf(type, subject),
    now,
  ]);
}
