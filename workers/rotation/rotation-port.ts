import { createRotationActivities } from '../../activities/rotation/create-rotation-activities.ts';
import type { RotationActivities } from '../../activities/rotation/types.ts';
import { attendRotation, recordRotationStep } from '../../db/command/rotation-steps.ts';
import { loadStrategies } from './strategies.ts';
import type { StrategyDeps } from './strategies.ts';

/** The activity of a rotation on one database, with every strategy there is. */
export async function rotationPort(deps: StrategyDeps): Promise<RotationActivities> {
  const { db, log } = deps;
  return createRotationActivities({
    record: {
      attend: (of) => attendRotation(db, of),
      recordStep: (of, taken) => recordRotationStep(db, of, taken),
    },
    strategies: await loadStrategies(deps),
    log,
  });
}
