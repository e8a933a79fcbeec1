import type { Database } from '../client.ts';
import { closeWindow, lockOpenWindow, pokeCapture } from '../write/capture-windows.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

export type CaptureClosed = { ok: true; closed: string | null } | Reused;

/** Debug off: closes the window of a workspace, if one is open. What it kept stays until it expires or is pruned. */
export async function closeCapture(db: Database, by: Caller, { key }: { key: DecisionKey }): Promise<CaptureClosed> {
  const { workspace_id, actor, on_behalf_of } = by;
  const once = { workspace_id, aggregate: `runtime/${workspace_id}`, kind: 'debug', key };
  return decideOnce<CaptureClosed>(db, by, once, async (tx, now) => {
    const open = await lockOpenWindow(tx, workspace_id);
    if (open === undefined) return { ok: true, closed: null };
    const { window_id, version } = open;
    await closeWindow(tx, open, { by: { actor, on_behalf_of }, reason: 'off', now });
    await pokeCapture(tx, { workspace_id, window_id, version: version + 1, actor }, now);
    return { ok: true, closed: window_id };
  });
}
