import { lacking } from '../../domain/export/quorum.ts';
import { dueNudge } from '../../domain/process/nudges.ts';
import type { Tx } from '../transaction.ts';
import { entryOf } from '../write/exports.ts';
import type { LockedExport } from '../write/exports.ts';
import { writeEntries } from '../write/ledger.ts';
import { addNotifications } from '../write/notifications.ts';

const ACTOR = 'export-approval';

/** Reminds or pages about an export that waits for approvals, if that is due by the database's clock. */
export async function nudgeApprovers(tx: Tx, { row, export: x, now }: LockedExport): Promise<void> {
  if (row.pending_since === null) return;
  const nudge = dueNudge(row.pending_since, row.last_nudge_at, now);
  if (nudge === null) return;
  await tx.query('UPDATE exports SET last_nudge_at = $3 WHERE workspace_id = $1 AND export_id = $2', [
    row.workspace_id,
    row.export_id,
    now,
  ]);
  const by = { actor: ACTOR, on_behalf_of: null };
  const roles = lacking(x.quorum, x.approvals).map(({ role }) => role);
  const action = nudge.kind === 'page' ? 'operators_paged' : 'operators_reminded';
  await writeEntries(tx, [entryOf(row, { by, now, action, detail: { n: nudge.n, due_at: nudge.at, missing: roles } })]);
  await addNotifications(tx, [
    {
      ...by,
      workspace_id: row.workspace_id,
      kind: nudge.kind,
      incident_id: null,
      severity: 'medium',
      message: `export ${row.export_id} of ${row.name} ${row.bundle_version} waits for ${roles.join(' and ')} since ${row.pending_since}`,
      created_at: now,
    },
  ]);
}
