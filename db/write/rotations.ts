import type { Tx } from '../transaction.ts';

/** Ordinary work that nobody's gate waits for. */
const RANK = 2;

/** Has the process of a rotation look at its record; started if it does not run. */
export async function pokeRotation(
  tx: Tx,
  of: { workspace_id: string; rotation_id: string; version: number; actor: string },
  now: string,
): Promise<void> {
  const { workspace_id, rotation_id, version, actor } = of;
  const id = `rotation/${rotation_id}`;
  await tx.query(
    `INSERT INTO process (workspace_id, workflow_id, type, subject, severity_rank, created_at, settled_at, actor)
      VALUES ($1, $2, 'tokenRotation', $3, $4, $5, $5, $6) ON CONFLICT (workspace_id, workflow_id) DO NOTHING`,
    [workspace_id, id, rotation_id, RANK, now, actor],
  );
  await tx.query(
    `INSERT INTO outbox (workspace_id, workflow_id, type, subject, version, severity_rank, created_at, actor)
      VALUES ($1, $2, 'tokenRotation', $3, $4, $5, $6, $7)`,
    [workspace_id, id, rotation_id, version, RANK, now, actor],
  );
  await tx.query("SELECT pg_notify('outbox', '')");
}

/** Nothing waits for a rotation that is over. */
export async function closeRotation(tx: Tx, workspace_id: string, rotation_id: string, now: string): Promise<void> {
  await tx.query('UPDATE process SET over_at = $3 WHERE workspace_id = $1 AND workflow_id = $2 AND over_at IS NULL', [
    workspace_id,
    `rotation/${rotation_id}`,
    now,
  ]);
}
