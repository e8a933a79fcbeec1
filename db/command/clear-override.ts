import type { Database } from '../client.ts';
import { endOverride, EXPORT_ACTOR, lockOpenOverride } from '../write/overrides.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import { overrideAggregate } from './open-override.ts';

/** `cleared` is null where nothing stood any more: it was spent, or its time was over. */
export type OverrideCleared = { ok: true; cleared: string | null } | Reused;

/** Ends the override that stands in a workspace; that there is none is no error, since it may just have been spent. */
export async function clearOverride(db: Database, by: Caller, { key }: { key: DecisionKey }): Promise<OverrideCleared> {
  const { workspace_id } = by;
  const once = { workspace_id, aggregate: overrideAggregate(workspace_id), kind: 'clear', key };
  return decideOnce<OverrideCleared>(db, by, once, async (tx, now) => {
    const open = await lockOpenOverride(tx, workspace_id);
    if (open === undefined) return { ok: true, cleared: null };
    if (open.late) {
      await endOverride(tx, workspace_id, open, {
        by: { actor: EXPORT_ACTOR, on_behalf_of: null },
        reason: 'expired',
        now,
      });
      return { ok: true, cleared: null };
    }
    await endOverride(tx, workspace_id, open, { by, reason: 'cleared', now });
    return { ok: true, cleared: open.override_id };
  });
}
