import { randomBytes } from 'node:crypto';
import { gatesOf } from '../../domain/adapter/definition.ts';
import type { AdapterDefinition } from '../../domain/adapter/definition.ts';
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
import { lockGates, losePart } from './settle-actions.ts';

export type Put = { ok: true; created: boolean } | { ok: false; code: 'adapter_narrowed' } | Reused;

/**
 * Registers an adapter under a name, or replaces its definition. A new one, one that returns, and one that is somewhere
 * else now are sent the present state first. Actions may be added; taking one away would end a part in ceremonies, which
 * needs two people and is called retiring.
 */
export async function putAdapter(
  db: Database,
  by: Caller,
  { name, definition, key }: { name: string; definition: AdapterDefinition; key: DecisionKey },
): Promise<Put> {
  const once = { workspace_id: by.workspace_id, aggregate: `adapter/${name}`, kind: 'put', key };
  return decideOnce<Put>(db, by, once, async (tx, now) => {
    const known = await one<Adapter>(tx, 'SELECT * FROM adapters WHERE workspace_id = $1 AND name = $2 FOR UPDATE', [
      by.workspace_id,
      name,
    ]);
    const kept = known?.state === 'active' ? known.actions : [];
    if (!kept.every((action) => definition.actions.includes(action))) return { ok: false, code: 'adapter_narrowed' };
    const adapter_id =
      known?.adapter_id ?? `ADP-${now.slice(0, 10).replaceAll('-', '')}-${randomBytes(4).toString('hex')}`;
    const adapter = { workspace_id: by.workspace_id, adapter_id };
    const moved = known?.state === 'active' && (known.mode !== definition.mode || known.url !== urlOf(definition));
    if (moved) {
      await lockGates(tx, known.gates);
      await losePart(tx, { workspace_id: by.workspace_id, gates: known.gates }, by);
    }
    const version = await write(tx, by, { name, adapter_id, definition, now });
    const returns = known?.state !== 'active' || moved || kept.length < definition.actions.length;
    if (returns) await tellEverything(tx, adapter, now, by.actor);
    else await wakeAdapter(tx, adapter, now, by.actor);
    await writeEntries(tx, [
      {
        workspace_id: by.workspace_id,
        at: now,
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: 'adapter_put',
        object: `adapter/${adapter_id}`,
        record_hash: null,
        record_version: version,
        detail: {
          name,
          actions: definition.actions,
          classes: definition.classes,
          ...(definition.mode === 'external' ? { internal: definition.internal } : { command: definition.command }),
          moved,
        },
        policy_digest: null,
      },
    ]);
    return { ok: true, created: known === undefined };
  });
}

const urlOf = (definition: AdapterDefinition): string | null =>
  definition.mode === 'external' ? definition.url : null;

async function write(
  tx: Tx,
  by: Caller,
  {
    name,
    adapter_id,
    definition,
    now,
  }: { name: string; adapter_id: string; definition: AdapterDefinition; now: string },
): Promise<number> {
  const { mode, actions, secret, classes } = definition;
  const child = definition.mode === 'child_process' ? definition : null;
  const row = await one<{ version: number }>(
    tx,
    `INSERT INTO adapters AS a (workspace_id, adapter_id, name, mode, url, actions, gates, secret_ref, previous_secret_ref,
        internal, state, created_at, version, actor, on_behalf_of, classes, command,
        args, credential_slots)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'active', $11, 1, $12, $13, $14, $15, $16, $17)
      ON CONFLICT (workspace_id, adapter_id) DO UPDATE SET mode = excluded.mode, url = excluded.url, actions = excluded.actions,
        gates = excluded.gates, secret_ref = excluded.secret_ref, previous_secret_ref = excluded.previous_secret_ref,
        internal = excluded.internal, classes = excluded.classes, command = excluded.command,
        args = excluded.args, credential_slots = excluded.credential_slots, state = 'active', retired_at = NULL, retired_by = NULL, version = a.version + 1
      RETURNING version`,
    [
      by.workspace_id,
      adapter_id,
      name,
      mode,
      urlOf(definition),
      actions,
      gatesOf(actions),
      secret?.ref ?? null,
      secret?.previous_ref ?? null,
      definition.mode === 'external' && definition.internal,
      now,
      by.actor,
      by.on_behalf_of,
      classes,
      child?.command ?? null,
      child?.args ?? [],
      JSON.stringify(child?.credential_slots ?? []),
    ],
  );
  return row?.version ?? 1;
}
