import type { OverrideEnd } from '../../domain/export/override.ts';
import { one } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from './ledger.ts';

/** Under which the process of an export uses what was granted to it. */
export const EXPORT_ACTOR = 'export-approval';

interface By {
  actor: string;
  on_behalf_of: string | null;
}

/** An override that nobody has ended; `late`: by the database's clock its time is over. */
export interface OpenOverride {
  override_id: string;
  ticket: string;
  not_after: string;
  late: boolean;
}

/** The one override of a workspace that has not ended, under lock. */
export const lockOpenOverride = (tx: Tx, workspace_id: string): Promise<OpenOverride | undefined> =>
  one<OpenOverride>(
    tx,
    `SELECT override_id, ticket, not_after, not_after <= clock_timestamp() AS late FROM export_overrides
      WHERE workspace_id = $1 AND ended_at IS NULL FOR UPDATE`,
    [workspace_id],
  );

interface Ending {
  by: By;
  reason: Exclude<OverrideEnd, 'spent'>;
  now: string;
}

/** Ends a locked override that no export used. */
export async function endOverride(
  tx: Tx,
  workspace_id: string,
  { override_id, ticket }: Pick<OpenOverride, 'override_id' | 'ticket'>,
  { by, reason, now }: Ending,
): Promise<void> {
  await tx.query(
    `UPDATE export_overrides SET ended_at = $3, end_reason = $4, ended_by = $5 WHERE workspace_id = $1 AND override_id = $2`,
    [workspace_id, override_id, now, reason, by.actor],
  );
  await overrideEntry(tx, { workspace_id, ...by }, `override_${reason}`, override_id, { ticket }, now);
}

/**
 * Uses up the override that stands, for one export, in that export's transaction: the first export that asks gets it, one
 * that asks again the same, every other none. Undefined also when its time is over, by the database's clock, and when
 * `override_id` was judged and another one stands by now.
 */
export async function spendOverride(
  tx: Tx,
  { workspace_id, export_id, override_id: judged }: { workspace_id: string; export_id: string; override_id?: string },
  by: By = { actor: EXPORT_ACTOR, on_behalf_of: null },
): Promise<{ override_id: string; ticket: string } | undefined> {
  const spent = await one<{ override_id: string; ticket: string; ended_at: string }>(
    tx,
    `UPDATE export_overrides SET ended_at = date_trunc('milliseconds', clock_timestamp()), end_reason = 'spent',
        ended_by = $3, spent_by = $2
      WHERE workspace_id = $1 AND ended_at IS NULL AND not_after > clock_timestamp() AND override_id = coalesce($4, override_id)
        AND NOT EXISTS (SELECT FROM export_overrides o WHERE o.workspace_id = $1 AND o.spent_by = $2)
      RETURNING override_id, ticket, ended_at`,
    [workspace_id, export_id, by.actor, judged ?? null],
  );
  if (spent === undefined)
    return one<{ override_id: string; ticket: string }>(
      tx,
      'SELECT override_id, ticket FROM export_overrides WHERE workspace_id = $1 AND spent_by = $2',
      [workspace_id, export_id],
    );
  const { override_id, ticket, ended_at } = spent;
  await overrideEntry(tx, { workspace_id, ...by }, 'override_spent', override_id, { ticket, export_id }, ended_at);
  return { override_id, ticket };
}

/** A change of an override. The ticket is what joins it to the change log of whoever opened it. */
export const overrideEntry = (
  tx: Tx,
  { workspace_id, actor, on_behalf_of }: By & { workspace_id: string },
  action: string,
  override_id: string,
  detail: Record<string, unknown>,
  at: string,
): Promise<void> =>
  writeEntries(tx, [
    {
      workspace_id,
      at,
      actor,
      on_behalf_of,
      action,
      object: `override/${override_id}`,
      record_hash: null,
      record_version: null,
      detail,
      policy_digest: null,
    },
  ]);
