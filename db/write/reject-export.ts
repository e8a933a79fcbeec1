import { advance } from '../../domain/export/course.ts';
import type { Tx } from '../transaction.ts';
import { lockExport, writeExport } from './exports.ts';
import type { ExportKey } from './exports.ts';

/** Ends an export that waits for approvals where nothing may wait for one any more. */
export async function rejectExport(
  tx: Tx,
  of: ExportKey,
  by: { actor: string; on_behalf_of: string | null },
  now: string,
): Promise<void> {
  const locked = await lockExport(tx, of);
  if (locked === undefined) return;
  const verdict = advance(locked.export, { kind: 'reject' }, locked.now);
  if (!verdict.ok) return;
  const row = { ended_by: by.actor, ended_reason: 'approval_refused' };
  await writeExport(tx, { ...locked, now }, verdict.export, { by, action: 'export_rejected', row });
}
