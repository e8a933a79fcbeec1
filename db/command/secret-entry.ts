import type { EntryDraft } from '../write/ledger.ts';
import type { Caller } from './caller.ts';

/** An entry about a slot, a lease or a subject of leases. */
export const secretEntry = (
  by: Caller,
  said: { at: string; action: string; object: string; detail: Record<string, unknown>; version?: number },
): EntryDraft => ({
  workspace_id: by.workspace_id,
  at: said.at,
  actor: by.actor,
  on_behalf_of: by.on_behalf_of,
  action: said.action,
  object: said.object,
  record_hash: null,
  record_version: said.version ?? null,
  detail: said.detail,
  policy_digest: null,
});
