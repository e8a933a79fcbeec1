import type { Database } from '../../db/client.ts';
import { decideExport } from '../../db/command/decide-export.ts';
import { requestExport } from '../../db/command/request-export.ts';
import type { ExportRequest } from '../../db/command/request-export.ts';
import type { ExportCaller } from '../../domain/process/export.ts';
import { freshKey } from './adapters.ts';
export const requestOf = (over: Partial<ExportRequest> = {}): ExportRequest => ({
  bundle: { name: 'agent', version: '1.0.0' },
  destination: { kind: 'file' },
  reason: 'a customer waits',
  ticket: null,
  manifest: null,
  retain_days: null,
  not_after: null,
  mode: 'enforce',
  ...over,
});

/** Somebody who decides, by these roles. */
export const person = (workspace_id: string, actor: string, ...roles: string[]): ExportCaller => ({
  workspace_id,
  actor,
  on_behalf_of: null,
  roles,
  single_operator: false,
});

/** Asks for an export, by `alice`. */
export async function opened(db: Database, workspace_id: string, over: Partial<ExportRequest> = {}): Promise<string> {
  const by = { workspace_id, actor: 'alice', on_behalf_of: null };
  const asked = await requestExport(db, by, { ...requestOf(over), key: freshKey() });
  if (!asked.ok) throw new Error(asked.code);
  return asked.export_id;
}

export const approve = (db: Database, by: ExportCaller, export_id: string, over: object = {}) =>
  decideExport(db, by, {
    export_id,
    key: freshKey(),
    request: { kind: 'approve', role: null, not_after: null, confirm: null, ...over },
  });
