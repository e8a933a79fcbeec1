import { rows } from '../client.ts';
import type { Database } from '../client.ts';
import { bump } from '../write/holds.ts';
import { writeEntries } from '../write/ledger.ts';
import { visibleWorkspaces } from './caller.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

/** `target` as `model list` shows it: a digest, a path, or `*` for a quarantine of everything. */
export interface ModelRelease {
  target: string;
  how: 'removed' | 'verified';
  reason: string;
  /** What it was verified by: the bundle whose manifest names it. */
  bundle?: string;
}

export type Released =
  { ok: true; released: number; granted: number } | { ok: false; code: 'model_not_quarantined' } | Reused;

interface Hold {
  workspace_id: string;
  hold_id: string;
  gate: 'model';
  target: string;
  resolved: boolean;
}

/**
 * Ends the quarantine of a model that was removed, or was found to be what its registered manifest names. A hold of a resolved incident is released now; one whose incident is
 * still open is granted its release, which takes effect when the incident resolves.
 */
export async function releaseModel(
  db: Database,
  by: Caller,
  { key, ...release }: ModelRelease & { key: DecisionKey },
): Promise<Released> {
  const once = { workspace_id: by.workspace_id, aggregate: `model/${release.target}`, kind: 'release', key };
  return decideOnce<Released>(db, by, once, async (tx, now) => {
    const held = await rows<Hold>(
      tx,
      `SELECT h.workspace_id, h.hold_id, h.gate, h.target, i.state = 'resolved' AS resolved
        FROM holds h JOIN incidents i ON i.workspace_id = h.workspace_id AND i.id = h.incident_id
        WHERE h.workspace_id = ANY($1) AND h.gate = 'model' AND h.target = $2 AND h.action = 'quarantine_model'
          AND h.released_at IS NULL AND (h.release_granted_at IS NULL OR i.state = 'resolved')
        ORDER BY i.id LIMIT 1000 FOR UPDATE OF i, h`,
      [visibleWorkspaces(by.workspace_id), release.target],
    );
    if (held.length === 0) return { ok: false, code: 'model_not_quarantined' };
    const free = held.filter((h) => h.resolved);
    const bound = held.filter((h) => !h.resolved);
    const grant = (list: Hold[], set: string) =>
      tx.query(
        `UPDATE holds AS h SET release_granted_at = $3, release_granted_by = $4, release_reason = $5 ${set}
          FROM unnest($1::text[], $2::text[]) AS k(w, id) WHERE h.workspace_id = k.w AND h.hold_id = k.id`,
        [
          list.map((h) => h.workspace_id),
          list.map((h) => h.hold_id),
          now,
          by.actor,
          `${release.how}: ${release.reason}`,
        ],
      );
    if (bound.length > 0) await grant(bound, '');
    if (free.length > 0) {
      await grant(free, ', released_at = $3, released_by = $4');
      await bump(tx, free, -1, now, by.actor);
    }
    await writeEntries(
      tx,
      held.map((h) => ({
        workspace_id: h.workspace_id,
        at: now,
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: h.resolved ? 'model_released' : 'model_release_granted',
        object: `hold/${h.hold_id}`,
        record_hash: null,
        record_version: null,
        detail: { how: release.how, ...(release.bundle === undefined ? {} : { bundle: release.bundle }) },
        policy_digest: null,
      })),
    );
    return { ok: true, released: free.length, granted: bound.length };
  });
}
