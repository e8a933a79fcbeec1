import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { writeEntries } from '../write/ledger.ts';
import { endWatch } from '../write/watches.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import { secondPerson } from './two-person.ts';
import type { TwoPersonAction } from './two-person.ts';

export type Retired =
  | { ok: true; retired_by: string[]; single_operator: boolean }
  | {
      ok: false;
      code: 'node_not_found' | 'last_node' | 'second_person_required' | 'confirmation_required' | 'approval_refused';
    }
  | Reused;

/**
 * Takes a destroyed node out of every ceremony, by two people. The last enrolled node is never retired: an instance
 * without one could not re-attest anything, and `attestation enroll --replace` is its way out.
 */
export async function retireNode(
  db: Database,
  by: Caller,
  { key, ...asked }: Omit<TwoPersonAction, 'action'> & { key: DecisionKey },
): Promise<Retired> {
  const once = { workspace_id: INSTANCE, aggregate: `node/${asked.object}`, kind: 'retire', key };
  return decideOnce<Retired>(db, by, once, async (tx, now) => {
    // All enrolled rows, so that two retirements at once cannot each see the other's node as the one that stays.
    const { rows } = await tx.query<{ node: string; state: string }>(
      `SELECT node, state FROM attestation_nodes WHERE workspace_id = $1 AND state = 'enrolled' ORDER BY node LIMIT 257 FOR UPDATE`,
      [INSTANCE],
    );
    if (!rows.some((row) => row.node === asked.object)) return { ok: false, code: 'node_not_found' };
    if (rows.length === 1) return { ok: false, code: 'last_node' };
    const second = await secondPerson(tx, by, { ...asked, action: 'attestation.retire' });
    if (!second.granted) return { ok: false, code: second.code };
    const row = await one<{ version: number }>(
      tx,
      `UPDATE attestation_nodes SET state = 'retired', retired_at = $3, version = version + 1
        WHERE workspace_id = $1 AND node = $2 RETURNING version`,
      [INSTANCE, asked.object, now],
    );
    await writeEntries(tx, [
      {
        workspace_id: INSTANCE,
        at: now,
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: 'node_retired',
        object: `node/${asked.object}`,
        record_hash: null,
        record_version: row?.version ?? null,
        detail: { by: second.by, single_operator: second.single_operator },
        policy_digest: null,
      },
    ]);
    await endWatch(tx, 'attestationWatch', asked.object, now);
    return { ok: true, retired_by: second.by, single_operator: second.single_operator };
  });
}
