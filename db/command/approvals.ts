import { DEFAULT_MODE, RECOVERY_APPROVALS, refusesApproval } from '../../domain/runtime/posture.ts';
import type { PermissionMode } from '../../domain/runtime/posture.ts';
import { one, rows } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { rejectExport } from '../write/reject-export.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';

const POSTURE = (workspace_id: string): string => `posture:${workspace_id}`;

/**
 * Whether an approval that this transaction would leave pending is refused. Until it ends nobody changes the posture: else
 * one that takes the posture now would not see, and not refuse, what is being left here.
 */
export async function refusesApprovals(tx: Tx, workspace_id: string, action: string): Promise<boolean> {
  await tx.query('SELECT pg_advisory_xact_lock_shared(hashtext($1))', [POSTURE(workspace_id)]);
  const row = await one<{ permission_mode: PermissionMode }>(
    tx,
    'SELECT permission_mode FROM runtime_settings WHERE workspace_id = $1',
    [workspace_id],
  );
  return refusesApproval(row?.permission_mode ?? DEFAULT_MODE, action);
}

/** Holds off whoever would leave an approval pending, until this transaction has changed the posture. */
export const holdPosture = (tx: Tx, workspace_id: string) =>
  tx.query('SELECT pg_advisory_xact_lock(hashtext($1))', [POSTURE(workspace_id)]);

/** How many of one kind are refused by one statement; requests by two people are a handful. */
const AT_ONCE = 500;

/**
 * Refuses what waits for an approver in a workspace, each with an entry `approval_refused`, in the transaction that takes the
 * posture. Whoever adds another kind of approval adds it here. Returns how many.
 */
export async function refusePendingApprovals(tx: Tx, by: Caller, now: string): Promise<number> {
  let refused = 0;
  for (let found = AT_ONCE; found === AT_ONCE;) {
    const requests = await rows<{ request_id: string; action: string; object: string; actor: string }>(
      tx,
      `UPDATE two_person_requests SET refused_at = $3 WHERE workspace_id = $1 AND request_id IN (
          SELECT request_id FROM two_person_requests WHERE workspace_id = $1 AND asked_in = $2 AND granted_at IS NULL
            AND refused_at IS NULL AND expires_at > clock_timestamp() AND split_part(action, ':', 1) <> ALL($4)
          LIMIT ${AT_ONCE} FOR UPDATE) RETURNING request_id, action, object, actor`,
      [INSTANCE, by.workspace_id, now, RECOVERY_APPROVALS],
    );
    await writeEntries(
      tx,
      requests.map(({ request_id, action, object, actor }) => ({
        workspace_id: INSTANCE,
        at: now,
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: 'approval_refused',
        object: `${action}/${object}`,
        record_hash: null,
        record_version: null,
        detail: { code: 'approval_refused', request_id, requested_by: actor },
        policy_digest: null,
      })),
    );
    found = requests.length;
    refused += found;
  }
  return refused + (await rejectPendingExports(tx, by, now));
}

/** Exports that wait for approvals end, each as one that was rejected. */
async function rejectPendingExports(tx: Tx, by: Caller, now: string): Promise<number> {
  let rejected = 0;
  for (let found = AT_ONCE; found === AT_ONCE;) {
    const waiting = await rows<{ export_id: string }>(
      tx,
      `SELECT export_id FROM exports WHERE workspace_id = $1 AND state = 'pending_approval'
        ORDER BY export_id LIMIT ${AT_ONCE} FOR UPDATE`,
      [by.workspace_id],
    );
    for (const { export_id } of waiting) await rejectExport(tx, { workspace_id: by.workspace_id, export_id }, by, now);
    found = waiting.length;
    rejected += found;
  }
  return rejected;
}
