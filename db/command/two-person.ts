import { randomUUID } from 'node:crypto';
import { one } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { refusesApprovals } from './approvals.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';

/** How long the first person's request waits for the second. */
const WAITS_HOURS = 24;

const LIVE_GRANT = `workspace_id = $1 AND action = $2 AND object = $3 AND granted_at IS NOT NULL AND used_at IS NULL
  AND expires_at > clock_timestamp()`;

export interface TwoPersonAction {
  action: string;
  object: string;
  reason: string;
  /** Loopback trust has one person: a typed confirmation equal to the object stands in, and the record says so. */
  single_operator: boolean;
  confirm?: string;
}

export type TwoPerson =
  | { granted: true; by: string[]; single_operator: boolean }
  | { granted: false; code: 'second_person_required' | 'confirmation_required' | 'approval_refused' };

/**
 * Takes one person's word for an action that needs two, in the caller's transaction. The first request is recorded and
 * waits; the same request by another person grants it. A repeat by the first person changes nothing. Where the posture of
 * the caller's workspace lets nothing wait, a request that would is refused: `approval_refused`.
 */
export async function secondPerson(tx: Tx, by: Caller, asked: TwoPersonAction): Promise<TwoPerson> {
  if (asked.single_operator && asked.confirm !== asked.object) return { granted: false, code: 'confirmation_required' };
  await tx.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`two-person:${asked.action}:${asked.object}`]);
  const pending = await one<{ request_id: string; actor: string }>(
    tx,
    `SELECT request_id, actor FROM two_person_requests WHERE workspace_id = $1 AND action = $2 AND object = $3
      AND granted_at IS NULL AND refused_at IS NULL AND expires_at > clock_timestamp() ORDER BY requested_at LIMIT 1`,
    [INSTANCE, asked.action, asked.object],
  );
  if (asked.single_operator) {
    await request(tx, by, asked, by.actor);
    return { granted: true, by: [by.actor], single_operator: true };
  }
  const [word = ''] = asked.action.split(':', 1);
  if (await refusesApprovals(tx, by.workspace_id, word)) return { granted: false, code: 'approval_refused' };
  if (pending === undefined) {
    await request(tx, by, asked, null);
    return { granted: false, code: 'second_person_required' };
  }
  if (pending.actor === by.actor) return { granted: false, code: 'second_person_required' };
  const granted = await one<{ granted_at: string }>(
    tx,
    `UPDATE two_person_requests SET granted_at = date_trunc('milliseconds', clock_timestamp()), granted_by = $3
      WHERE workspace_id = $1 AND request_id = $2 RETURNING granted_at`,
    [INSTANCE, pending.request_id, by.actor],
  );
  await entry(tx, by, 'second_person_granted', asked, granted?.granted_at ?? '');
  return { granted: true, by: [pending.actor, by.actor], single_operator: false };
}

/** Uses up a grant that was given for a later step; undefined when none is left or its time is over. */
export async function useGrant(
  tx: Tx,
  action: string,
  object: string,
): Promise<{ by: string[]; single_operator: boolean; reason: string } | undefined> {
  const grant = await one<{ actor: string; granted_by: string; single_operator: boolean; reason: string }>(
    tx,
    `UPDATE two_person_requests SET used_at = date_trunc('milliseconds', clock_timestamp())
      WHERE workspace_id = $1 AND request_id = (SELECT request_id FROM two_person_requests
        WHERE ${LIVE_GRANT} ORDER BY requested_at LIMIT 1 FOR UPDATE) RETURNING actor, granted_by, single_operator, reason`,
    [INSTANCE, action, object],
  );
  if (grant === undefined) return undefined;
  const { actor, granted_by, single_operator, reason } = grant;
  return { by: [...new Set([actor, granted_by])], single_operator, reason };
}

/** Who gave a grant that is still to be used, or undefined. */
export async function liveGrant(tx: Tx, action: string, object: string): Promise<TwoPerson | undefined> {
  const grant = await one<{ actor: string; granted_by: string; single_operator: boolean }>(
    tx,
    `SELECT actor, granted_by, single_operator FROM two_person_requests WHERE ${LIVE_GRANT} ORDER BY requested_at LIMIT 1`,
    [INSTANCE, action, object],
  );
  if (grant === undefined) return undefined;
  const { actor, granted_by, single_operator } = grant;
  return { granted: true, by: [...new Set([actor, granted_by])], single_operator };
}

async function request(tx: Tx, by: Caller, asked: TwoPersonAction, granted_by: string | null): Promise<void> {
  const row = await one<{ requested_at: string }>(
    tx,
    `INSERT INTO two_person_requests
        (workspace_id, request_id, action, object, reason, requested_at, expires_at, granted_at, granted_by, single_operator, actor, on_behalf_of, asked_in)
      SELECT $1, $2, $3, $4, $5, now, now + make_interval(hours => $6), CASE WHEN $7::text IS NULL THEN NULL ELSE now END, $7, $8, $9, $10, $11
        FROM date_trunc('milliseconds', clock_timestamp()) AS now RETURNING requested_at`,
    [
      INSTANCE,
      `TPR-${randomUUID()}`,
      asked.action,
      asked.object,
      asked.reason,
      WAITS_HOURS,
      granted_by,
      asked.single_operator,
      by.actor,
      by.on_behalf_of,
      by.workspace_id,
    ],
  );
  await entry(tx, by, 'second_person_requested', asked, row?.requested_at ?? '');
}

const entry = (tx: Tx, by: Caller, action: string, asked: TwoPersonAction, at: string) =>
  writeEntries(tx, [
    {
      workspace_id: INSTANCE,
      at,
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      action,
      object: `${asked.action}/${asked.object}`,
      record_hash: null,
      record_version: null,
      detail: { single_operator: asked.single_operator },
      policy_digest: null,
    },
  ]);
