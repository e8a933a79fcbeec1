import { randomBytes } from 'node:crypto';
import { REVIEW_HOURS } from '../../domain/export/override.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { endOverride, EXPORT_ACTOR, lockOpenOverride, overrideEntry } from '../write/overrides.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

/** What is asked for was checked by `overrideProblem`. */
export interface OverrideRequest {
  ticket: string;
  reason: string;
  seconds: number;
  key: DecisionKey;
}

export type OverrideOpened =
  { ok: true; override_id: string; not_after: string } | { ok: false; code: 'override_live' } | Reused;

/** What is decided about the overrides of a workspace is decided one after the other. */
export const overrideAggregate = (workspace_id: string): string => `override/${workspace_id}`;

/**
 * Opens the one emergency override of a workspace; a second one is refused, `override_live`. The entry names the ticket;
 * the reason stays in the record.
 */
export async function openOverride(
  db: Database,
  by: Caller,
  { ticket, reason, seconds, key }: OverrideRequest,
): Promise<OverrideOpened> {
  const { workspace_id } = by;
  const once = { workspace_id, aggregate: overrideAggregate(workspace_id), kind: 'open', key };
  return decideOnce<OverrideOpened>(db, by, once, async (tx, now) => {
    const open = await lockOpenOverride(tx, workspace_id);
    if (open?.late === false) return { ok: false, code: 'override_live' };
    if (open !== undefined)
      await endOverride(tx, workspace_id, open, {
        by: { actor: EXPORT_ACTOR, on_behalf_of: null },
        reason: 'expired',
        now,
      });
    const override_id = `OVR-${now.slice(0, 10).replaceAll('-', '')}-${randomBytes(8).toString('hex')}`;
    const not_after = await insert(tx, [
      workspace_id,
      override_id,
      ticket,
      reason,
      now,
      seconds,
      REVIEW_HOURS,
      by.actor,
      by.on_behalf_of,
    ]);
    await overrideEntry(tx, by, 'override_opened', override_id, { ticket, not_after }, now);
    return { ok: true, override_id, not_after };
  });
}

async function insert(tx: Tx, values: unknown[]): Promise<string> {
  const row = await one<{ not_after: string }>(
    tx,
    `INSERT INTO export_overrides
        (workspace_id, override_id, ticket, reason, opened_at, not_after, review_due, actor, on_behalf_of)
      VALUES ($1, $2, $3, $4, $5::timestamptz, $5::timestamptz + make_interval(secs => $6),
        $5::timestamptz + make_interval(hours => $7), $8, $9) RETURNING not_after`,
    values,
  );
  if (row === undefined) throw new Error('an override that was just opened is not there');
  return row.not_after;
}
