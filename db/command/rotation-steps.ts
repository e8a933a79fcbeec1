import { advance, dueIn, isOver } from '../../domain/rotation/transition.ts';
import type { Rotation, StepOutcome } from '../../domain/rotation/transition.ts';
import type { Step } from '../../domain/rotation/plan.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import type { RotationRecord } from '../read/rotations.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { addNotifications } from '../write/notifications.ts';
import { endStanding } from '../write/standing-processes.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

const ACTOR = 'token-rotation';

export interface RotationKey {
  workspace_id: string;
  rotation_id: string;
}

/** A rotation with the milliseconds until its present step is due; null when it is over. */
export interface DueRotation {
  record: RotationRecord;
  due_in_ms: number | null;
}

/** What the process of a rotation is to do. Undefined: there is no such rotation. */
export async function attendRotation(db: Database, of: RotationKey): Promise<DueRotation | undefined> {
  return transaction(db, async (tx) => {
    const row = await one<RotationRecord & { now: string }>(
      tx,
      `SELECT *, date_trunc('milliseconds', clock_timestamp()) AS now FROM rotations WHERE workspace_id = $1 AND rotation_id = $2`,
      [of.workspace_id, of.rotation_id],
    );
    if (row === undefined) return undefined;
    const { now, ...record } = row;
    await tx.query(
      `UPDATE process SET started_at = clock_timestamp()
        WHERE workspace_id = $1 AND workflow_id = $2 AND started_at IS NULL AND over_at IS NULL`,
      [of.workspace_id, `rotation/${of.rotation_id}`],
    );
    return { record, due_in_ms: dueIn(record, now) };
  });
}

export interface StepTaken {
  /** The version of the record that the step was taken for: on another one it counts for nothing. */
  version: number;
  step: Step;
  outcome: Exclude<StepOutcome, { kind: 'abandoned' }>;
  /** What shows it: digests, versions, status codes. Never a value. */
  evidence: Record<string, unknown>;
  memory: Record<string, string | number>;
}

/** Records how a step ended and what comes of it. False: the record has moved on, and the step counts for nothing. */
export async function recordRotationStep(db: Database, of: RotationKey, taken: StepTaken): Promise<boolean> {
  return transaction(db, async (tx) => {
    const locked = await lock(tx, of);
    if (locked === undefined || locked.record.version !== taken.version || isOver(locked.record)) return false;
    const by = { workspace_id: of.workspace_id, actor: ACTOR, on_behalf_of: locked.record.actor };
    await write(tx, by, locked, taken);
    return true;
  });
}

export type Abandoned = { ok: true } | { ok: false; code: 'rotation_not_found' | 'rotation_over' } | Reused;

/**
 * Ends a rotation where it stands, by somebody who answers for what is left of it. Its process is over with it: what the engine
 * still runs of it is asked to look by the walk for what is stale.
 */
export async function abandonRotation(
  db: Database,
  by: Caller,
  { rotation_id, reason, key }: { rotation_id: string; reason: string; key: DecisionKey },
): Promise<Abandoned> {
  const once = { workspace_id: by.workspace_id, aggregate: `rotation/${rotation_id}`, kind: 'abandon', key };
  return decideOnce<Abandoned>(db, by, once, async (tx) => {
    const locked = await lock(tx, { workspace_id: by.workspace_id, rotation_id });
    if (locked === undefined) return { ok: false, code: 'rotation_not_found' };
    if (isOver(locked.record) || locked.record.step === null) return { ok: false, code: 'rotation_over' };
    const { record } = locked;
    await write(tx, by, locked, {
      step: locked.record.step,
      outcome: { kind: 'abandoned', code: 'abandoned' },
      evidence: { reason },
      memory: record.memory,
    });
    return { ok: true };
  });
}

interface Locked {
  record: RotationRecord;
  now: string;
}

async function lock(tx: Tx, of: RotationKey): Promise<Locked | undefined> {
  const row = await one<RotationRecord & { now: string }>(
    tx,
    `SELECT *, date_trunc('milliseconds', clock_timestamp()) AS now FROM rotations
      WHERE workspace_id = $1 AND rotation_id = $2 FOR UPDATE`,
    [of.workspace_id, of.rotation_id],
  );
  if (row === undefined) return undefined;
  const { now, ...record } = row;
  return { record, now };
}

async function write(
  tx: Tx,
  by: Caller,
  { record, now }: Locked,
  { step, outcome, evidence, memory }: Omit<StepTaken, 'version' | 'outcome'> & { outcome: StepOutcome },
): Promise<void> {
  const { rotation, alert } = advance(record, step, outcome, now);
  const version = record.version + 1;
  const key = { workspace_id: record.workspace_id, rotation_id: record.rotation_id };
  await update(tx, key, rotation, { version, memory, finished_at: isOver(rotation) ? now : null });
  const code = outcome.kind === 'failed' || outcome.kind === 'abandoned' ? outcome.code : null;
  const undo = record.state === 'undoing';
  await tx.query(
    `INSERT INTO rotation_steps (workspace_id, rotation_id, version, step, undo, outcome, code, evidence, at, actor, on_behalf_of)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      key.workspace_id,
      key.rotation_id,
      version,
      step,
      undo,
      outcome.kind,
      code,
      evidence,
      now,
      by.actor,
      by.on_behalf_of,
    ],
  );
  const { row, subject } = record;
  // Why somebody gave up is free text, which stays in the record.
  const shown = outcome.kind === 'abandoned' ? {} : evidence;
  await writeEntries(tx, [
    {
      ...by,
      at: now,
      action: isOver(rotation) ? `rotation_${rotation.state}` : 'rotation_step',
      object: `rotation/${key.rotation_id}`,
      record_hash: null,
      record_version: version,
      detail: { row, subject, step, undo, outcome: outcome.kind, code, state: rotation.state, evidence: shown },
      policy_digest: null,
    },
  ]);
  if (alert) await addNotifications(tx, [alertOf(by, record, rotation, code ?? rotation.state, now)]);
  if (!isOver(rotation)) return;
  const process = { workspace_id: key.workspace_id, type: 'tokenRotation', subject: key.rotation_id } as const;
  await endStanding(tx, process, now);
}

const alertOf = (
  by: Caller,
  { row, subject, rotation_id }: RotationRecord,
  { state }: Rotation,
  code: string,
  now: string,
) => ({
  ...by,
  kind: 'alert' as const,
  incident_id: null,
  severity: 'high',
  message: `rotation ${rotation_id} of ${row}${subject === '' ? '' : ` ${subject}`} is ${state}: ${code}`,
  created_at: now,
});

async function update(
  tx: Tx,
  { workspace_id, rotation_id }: RotationKey,
  r: Rotation,
  {
    version,
    memory,
    finished_at,
  }: { version: number; memory: Record<string, string | number>; finished_at: string | null },
): Promise<void> {
  await tx.query(
    `UPDATE rotations SET state = $3, step = $4, overlap_until = $5, staged_at = $6, cut_over_at = $7, new_proved_at = $8,
        old_proved_at = $9, attempts = $10, next_attempt_at = $11, failed_step = $12, failure = $13, memory = $14, version = $15,
        finished_at = $16 WHERE workspace_id = $1 AND rotation_id = $2`,
    [
      workspace_id,
      rotation_id,
      r.state,
      r.step,
      r.overlap_until,
      r.staged_at,
      r.cut_over_at,
      r.new_proved_at,
      r.old_proved_at,
      r.attempts,
      r.next_attempt_at,
      r.failed_step,
      r.failure,
      memory,
      version,
      finished_at,
    ],
  );
}
