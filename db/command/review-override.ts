import { randomBytes } from 'node:crypto';
import { reviewRefusal } from '../../domain/export/override.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { endOverride, EXPORT_ACTOR, overrideEntry } from '../write/overrides.ts';
import { saltedDigest } from './acknowledge.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import { overrideAggregate } from './open-override.ts';

export interface OverrideReview {
  override_id: string;
  note: string;
  /** Loopback trust has one person: their typed confirmation, the id, stands in for a second one, and the record says so. */
  single_operator: boolean;
  confirm?: string;
  key: DecisionKey;
}

export type OverrideReviewed =
  | { ok: true; override_id: string }
  | {
      ok: false;
      code:
        'override_not_found' | 'override_live' | 'override_reviewed' | 'reviewer_opened_it' | 'confirmation_required';
    }
  | Reused;

interface Row {
  ticket: string;
  actor: string;
  ended: boolean;
  live: boolean;
  reviewed_at: string | null;
  late: boolean;
}

/**
 * Takes a second person's review of an override that is over. It comes late but it comes: whether it did is in the entry.
 */
export async function reviewOverride(db: Database, by: Caller, review: OverrideReview): Promise<OverrideReviewed> {
  const { workspace_id } = by;
  const { override_id, note, single_operator, key } = review;
  const once = { workspace_id, aggregate: overrideAggregate(workspace_id), kind: 'review', key };
  return decideOnce<OverrideReviewed>(db, by, once, async (tx, now) => {
    const row = await one<Row>(
      tx,
      `SELECT ticket, actor, ended_at IS NOT NULL AS ended, ended_at IS NULL AND not_after > clock_timestamp() AS live,
          reviewed_at, review_due <= clock_timestamp() AS late
        FROM export_overrides WHERE workspace_id = $1 AND override_id = $2 FOR UPDATE`,
      [workspace_id, override_id],
    );
    if (row === undefined) return { ok: false, code: 'override_not_found' };
    if (row.live) return { ok: false, code: 'override_live' };
    if (row.reviewed_at !== null) return { ok: false, code: 'override_reviewed' };
    const refusal = reviewRefusal({ opened_by: row.actor, id: override_id }, { ...review, actor: by.actor });
    if (refusal !== null) return { ok: false, code: refusal };
    const { ticket } = row;
    if (!row.ended)
      await endOverride(
        tx,
        workspace_id,
        { override_id, ticket },
        { by: { actor: EXPORT_ACTOR, on_behalf_of: null }, reason: 'expired', now },
      );
    await tx.query(
      `UPDATE export_overrides SET reviewed_at = $3, reviewed_by = $4, review_note = $5, single_operator = $6
        WHERE workspace_id = $1 AND override_id = $2`,
      [workspace_id, override_id, now, by.actor, note, single_operator],
    );
    const salt = randomBytes(16).toString('hex');
    const detail = { ticket, single_operator, late: row.late, note_salt: salt, note_digest: saltedDigest(salt, note) };
    await overrideEntry(tx, by, 'override_reviewed', override_id, detail, now);
    return { ok: true, override_id };
  });
}
