import { DEFAULT_MODE } from '../../domain/runtime/posture.ts';
import type { PermissionMode } from '../../domain/runtime/posture.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { writeEntries } from '../write/ledger.ts';
import { holdPosture, refusePendingApprovals } from './approvals.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

export type ModeSet =
  { ok: true; permission_mode: PermissionMode; before: PermissionMode; refused: number; version: number } | Reused;

/**
 * Sets how a workspace treats what needs an approval. `dont-ask` refuses in the same transaction whatever waits for one;
 * `ask` brings nothing of it back. An entry `permission_mode_set` also where nothing changes: somebody asked for it.
 */
export async function setPermissionMode(
  db: Database,
  by: Caller,
  { mode, key }: { mode: PermissionMode; key: DecisionKey },
): Promise<ModeSet> {
  const { workspace_id } = by;
  const once = { workspace_id, aggregate: `runtime/${workspace_id}`, kind: 'permission_mode', key };
  return decideOnce<ModeSet>(db, by, once, async (tx, now) => {
    await holdPosture(tx, workspace_id);
    const row = await one<{ permission_mode: PermissionMode; version: number }>(
      tx,
      'SELECT permission_mode, version FROM runtime_settings WHERE workspace_id = $1',
      [workspace_id],
    );
    const before = row?.permission_mode ?? DEFAULT_MODE;
    const version = (row?.version ?? 0) + 1;
    await tx.query(
      `INSERT INTO runtime_settings (workspace_id, permission_mode, version, updated_at, actor, on_behalf_of)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id) DO UPDATE SET permission_mode = excluded.permission_mode,
          version = excluded.version, updated_at = excluded.updated_at, actor = excluded.actor, on_behalf_of = excluded.on_behalf_of`,
      [workspace_id, mode, version, now, by.actor, by.on_behalf_of],
    );
    const refused = mode === 'dont-ask' ? await refusePendingApprovals(tx, by, now) : 0;
    await writeEntries(tx, [
      {
        ...by,
        at: now,
        action: 'permission_mode_set',
        object: `runtime/${workspace_id}`,
        record_hash: null,
        record_version: version,
        detail: { permission_mode: mode, before, refused },
        policy_digest: null,
      },
    ]);
    return { ok: true, permission_mode: mode, before, refused, version };
  });
}
