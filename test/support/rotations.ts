import { pino } from 'pino';
import { createRotationActivities } from '../../activities/rotation/create-rotation-activities.ts';
import { requestRotation } from '../../db/command/request-rotation.ts';
import type { RotationRequest } from '../../db/command/request-rotation.ts';
import { attendRotation, recordRotationStep } from '../../db/command/rotation-steps.ts';
import { getRotation } from '../../db/read/rotations.ts';
import type { RotationRow, Step } from '../../domain/rotation/plan.ts';
import { loadStrategies } from '../../workers/rotation/strategies.ts';
import type { StrategyDeps } from '../../workers/rotation/strategies.ts';
import { freshKey } from './adapters.ts';

export interface Driven {
  workspace_id?: string;
  request?: Partial<RotationRequest>;
  /** The worker dies after the effect of every step and before its record, once. */
  dying?: boolean;
  /** Called before each taking of a step. */
  before?: (step: Step, taken: number) => Promise<void> | void;
  /** Stops looking after so many takings: a rotation that goes on for ever. */
  takings?: number;
}

/** Takes a rotation through its steps as its process would, without the pauses in between. */
export async function rotate(
  deps: Omit<StrategyDeps, 'stateRoot' | 'adminTokenFile' | 'readonlyTokenFile' | 'databaseUrl' | 'log'>,
  row: RotationRow,
  subject: string,
  { workspace_id = 'default', request = {}, dying = false, before, takings = 60 }: Driven = {},
) {
  const log = pino({ level: 'silent' });
  const full = {
    ...deps,
    databaseUrl: 'postgres://nowhere',
    stateRoot: '/nowhere',
    adminTokenFile: undefined,
    readonlyTokenFile: undefined,
    log,
  };
  const { db } = deps;
  const died = new Set<string>();
  const activities = createRotationActivities({
    record: {
      attend: (of) => attendRotation(db, of),
      recordStep: (of, taken) => {
        if (dying && !died.has(taken.step)) {
          died.add(taken.step);
          throw new Error('the worker died');
        }
        return recordRotationStep(db, of, taken);
      },
    },
    strategies: await loadStrategies(full),
    log,
  });
  const by = { workspace_id, actor: 'owner@org', on_behalf_of: null };
  const asked = { row, subject, overlap_seconds: 0, compromised: false, dry_run: false, reason: 'due', ticket: null };
  const opened = await requestRotation(db, by, { ...asked, ...request, key: freshKey() });
  if (!opened.ok) throw new Error(opened.code);
  const of = { workspace_id, rotation_id: opened.rotation_id };
  for (let taken = 0; taken < takings; taken++) {
    const now = await getRotation(db, workspace_id, of.rotation_id);
    if (now === undefined || now.step === null) break;
    await before?.(now.step, taken);
    await db.query(
      'UPDATE rotations SET next_attempt_at = NULL, overlap_until = least(overlap_until, created_at) WHERE rotation_id = $1',
      [of.rotation_id],
    );
    await activities.rotate(of).catch((error: unknown) => {
      if (!(error instanceof Error) || error.message !== 'the worker died') throw error;
    });
  }
  const done = await getRotation(db, workspace_id, of.rotation_id);
  if (done === undefined) throw new Error('the rotation is gone');
  return done;
}
