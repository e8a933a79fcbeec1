import { one } from '../client.ts';
import type { Database } from '../client.ts';
import type { Adapter } from '../read/adapters.ts';
import type { Tx } from '../transaction.ts';
import { tellEverything, wakeAdapter } from '../write/adapter-targets.ts';
import { writeEntries } from '../write/ledger.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import { lockGates, losePart, settleHeld } from './settle-actions.ts';
import { settleRestored } from './settle-restores.ts';
import { secondPerson } from './two-person.ts';
import type { TwoPersonAction } from './two-person.ts';

export type AdapterRetired =
  | { ok: true; retired_by: string[]; single_operator: boolean; incidents: number }
  | { ok: false; code: 'adapter_not_found' | 'second_person_required' | 'confirmation_required' | 'approval_refused' }
  | Reused;

/** How many incidents an entry names; each of them has its own entry about the action besides. */
const NAMED = 100;

/**
 * Ends an adapter's part in all pending actions, by two people: what only it had not acknowledged becomes `retired`.
 * Interlock's own gates stay as they are. It is told nothing any more.
 */
export async function retireAdapter(
  db: Database,
  by: Caller,
  { key, ...asked }: Omit<TwoPersonAction, 'action'> & { key: DecisionKey },
): Promise<AdapterRetired> {
  const { workspace_id } = by;
  const once = { workspace_id, aggregate: `adapter/${asked.object}`, kind: 'retire', key };
  return decideOnce<AdapterRetired>(db, by, once, async (tx, now) => {
    const adapter = await lockActive(tx, workspace_id, asked.object);
    if (adapter === undefined) return { ok: false, code: 'adapter_not_found' };
    const second = await secondPerson(tx, by, { ...asked, action: `adapter.retire:${workspace_id}` });
    if (!second.granted) return { ok: false, code: second.code };
    await lockGates(tx, adapter.gates);
    await tx.query(
      `UPDATE adapters SET state = 'retired', retired_at = $3, retired_by = $4, version = version + 1
        WHERE workspace_id = $1 AND adapter_id = $2`,
      [workspace_id, adapter.adapter_id, now, JSON.stringify(second.by)],
    );
    const touched: string[] = [];
    for (let more = true; more;) {
      const settled = await settleHeld(tx, { workspace_id, gates: adapter.gates }, by, true);
      touched.push(...settled.incidents);
      more = settled.more;
    }
    await tx.query(
      'UPDATE adapter_targets SET due = false, held_own = 0, held_instance = 0 WHERE workspace_id = $1 AND adapter_id = $2',
      [workspace_id, adapter.adapter_id],
    );
    while (await settleRestored(tx, { workspace_id, gates: adapter.gates }, by.actor));
    // Its process has one more look, and ends.
    await wakeAdapter(tx, adapter, now, by.actor);
    const incidents = [...new Set(touched)];
    const { by: retired_by, single_operator } = second;
    const named = { name: asked.object, by: retired_by, single_operator };
    const ended = { ...named, incidents: incidents.slice(0, NAMED), incident_count: incidents.length };
    await entry(tx, by, 'adapter_retired', `adapter/${adapter.adapter_id}`, ended, now);
    for (const id of incidents) await entry(tx, by, 'containment_part_retired', `incident/${id}`, named, now);
    return { ok: true, retired_by, single_operator, incidents: incidents.length };
  });
}

export type AdapterLost = { ok: true; incidents: number } | { ok: false; code: 'adapter_not_found' } | Reused;

/** An adapter lost what it held: the actions it had a part in are pending again, and it is sent the present state. */
export async function loseAdapter(
  db: Database,
  by: Caller,
  { name, key }: { name: string; key: DecisionKey },
): Promise<AdapterLost> {
  const { workspace_id } = by;
  const once = { workspace_id, aggregate: `adapter/${name}`, kind: 'lost', key };
  return decideOnce<AdapterLost>(db, by, once, async (tx, now) => {
    const adapter = await lockActive(tx, workspace_id, name);
    if (adapter === undefined) return { ok: false, code: 'adapter_not_found' };
    await lockGates(tx, adapter.gates);
    const incidents = await losePart(tx, { workspace_id, gates: adapter.gates }, by);
    await tellEverything(tx, adapter, now, by.actor);
    const detail = { name, incident_count: incidents.length };
    await entry(tx, by, 'adapter_lost', `adapter/${adapter.adapter_id}`, detail, now);
    return { ok: true, incidents: incidents.length };
  });
}

const lockActive = (tx: Tx, workspace_id: string, name: string): Promise<Adapter | undefined> =>
  one<Adapter>(tx, `SELECT * FROM adapters WHERE workspace_id = $1 AND name = $2 AND state = 'active' FOR UPDATE`, [
    workspace_id,
    name,
  ]);

const entry = (
  tx: Tx,
  by: Caller,
  action: string,
  object: string,
  detail: Record<string, unknown>,
  at: string,
): Promise<void> =>
  writeEntries(tx, [
    {
      workspace_id: by.workspace_id,
      at,
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      action,
      object,
      record_hash: null,
      record_version: null,
      detail,
      policy_digest: null,
    },
  ]);
