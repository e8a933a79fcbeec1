import type { Gates } from '../../domain/export/record.ts';
import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import { checkGate, gateWorkspaces } from '../read/check-gate.ts';
import { quarantineOf } from '../read/registry.ts';

/** What the gates say of an export at this moment. An archive goes past any hold on the airlock, whatever it names. */
export async function exportGates(
  db: Queryable,
  { workspace_id, digest }: { workspace_id: string; digest: string | null },
): Promise<Gates> {
  const { open } = await checkGate(db, workspace_id, 'airlock');
  const quarantined = digest !== null && (await quarantineOf(db, workspace_id, digest)) !== null;
  return { airlock_open: open, quarantined };
}

/**
 * What the generations of the airlock come to: every hold that is placed makes it another number, also one that was judged
 * before this moment and is committed after it, whatever its clock said.
 */
export async function airlockGeneration(db: Queryable, workspace_id: string): Promise<number> {
  const row = await one<{ sum: number }>(
    db,
    `SELECT coalesce(sum(generation), 0)::int8 AS sum FROM gate_states WHERE workspace_id = ANY($1) AND gate = 'airlock'`,
    [gateWorkspaces(workspace_id)],
  );
  return row?.sum ?? 0;
}
