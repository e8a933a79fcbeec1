import { randomBytes } from 'node:crypto';
import { overlaps } from '../../domain/rotation/plan.ts';
import type { RotationRow } from '../../domain/rotation/plan.ts';
import { opened } from '../../domain/rotation/transition.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { wakeStanding } from '../write/standing-processes.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

/** Ordinary work that nobody's gate waits for. */
const RANK = 2;

export interface RotationRequest {
  row: RotationRow;
  /** '' where there is only one of its row. */
  subject: string;
  overlap_seconds: number;
  compromised: boolean;
  dry_run: boolean;
  reason: string;
  ticket: string | null;
}

export type Requested =
  { ok: true; rotation_id: string } | { ok: false; code: 'rotation_running' | 'overlap_unavailable' } | Reused;

/**
 * Opens a rotation and its process. One at a time of each row and subject; a compromised one has no overlap. Codes:
 * `rotation_running`, `overlap_unavailable`.
 */
export async function requestRotation(
  db: Database,
  by: Caller,
  { key, ...asked }: RotationRequest & { key: DecisionKey },
): Promise<Requested> {
  const aggregate = `rotation/${asked.row}/${asked.subject}`;
  return decideOnce<Requested>(db, by, { workspace_id: by.workspace_id, aggregate, kind: 'rotate', key }, (tx, now) =>
    open(tx, by, asked, now),
  );
}

/** Opens it in a transaction of somebody else's, who holds off others that ask for the same. */
export async function open(tx: Tx, by: Caller, asked: RotationRequest, now: string): Promise<Requested> {
  if (asked.overlap_seconds > 0 && (asked.compromised || !overlaps(asked.row)))
    return { ok: false, code: 'overlap_unavailable' };
  const rotation_id = `ROT-${now.slice(0, 10).replaceAll('-', '')}-${randomBytes(4).toString('hex')}`;
  const { state, step } = opened(asked);
  const inserted = await one<{ rotation_id: string }>(
    tx,
    `INSERT INTO rotations (workspace_id, rotation_id, row, subject, state, step, dry_run, overlap_seconds, compromised, attempts,
        reason, ticket, created_at, memory, version, actor, on_behalf_of)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, '{}', 1, $13, $14)
      ON CONFLICT (workspace_id, row, subject) WHERE finished_at IS NULL DO NOTHING RETURNING rotation_id`,
    [
      by.workspace_id,
      rotation_id,
      asked.row,
      asked.subject,
      state,
      step,
      asked.dry_run,
      asked.overlap_seconds,
      asked.compromised,
      asked.reason,
      asked.ticket,
      now,
      by.actor,
      by.on_behalf_of,
    ],
  );
  if (inserted === undefined) return { ok: false, code: 'rotation_running' };
  const { row, subject, dry_run, overlap_seconds, compromised } = asked;
  await writeEntries(tx, [
    {
      ...by,
      at: now,
      action: 'rotation_requested',
      object: `rotation/${rotation_id}`,
      record_hash: null,
      record_version: 1,
      detail: { row, subject, dry_run, overlap_seconds, compromised },
      policy_digest: null,
    },
  ]);
  const process = { workspace_id: by.workspace_id, type: 'tokenRotation', subject: rotation_id } as const;
  await wakeStanding(tx, process, { severity_rank: RANK, actor: by.actor, now });
  return { ok: true, rotation_id };
}
