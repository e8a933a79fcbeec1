import { pino } from 'pino';
import { createRotationActivities } from '../../activities/rotation/create-rotation-activities.ts';
import type { RotationRecordLike } from '../../activities/rotation/create-rotation-activities.ts';
import { StepFailure } from '../../activities/rotation/strategy.ts';
import type { Memory, RotationStrategy, StepContext } from '../../activities/rotation/strategy.ts';
import type { Step } from '../../domain/rotation/plan.ts';
import { SecretsError } from '../../db/secrets-error.ts';
import { advance, isOver, opened } from '../../domain/rotation/transition.ts';
import type { StrategyDeps } from '../../workers/rotation/strategies.ts';

type Taken = Exclude<Step, 'overlap'>;
type Evidence = Record<string, unknown>;
type Create = (deps: StrategyDeps) => RotationStrategy[];
/** A row that opens no slot needs no key. */
type TestDeps = Omit<StrategyDeps, 'log' | 'masterKey' | 'databaseUrl'> & Partial<StrategyDeps>;
type Of = Partial<Omit<StepContext, 'memory'>>;
const log = pino({ level: 'silent' });
const OF = {
  workspace_id: 'default',
  rotation_id: 'ROT-20260101-00000000',
  subject: '',
  requested_by: 'owner',
  compromised: false,
};

const noMasterKey = () => {
  throw new SecretsError('master_key_missing');
};

function strategyOf(create: Create, deps: TestDeps): RotationStrategy {
  const [strategy] = create({ masterKey: noMasterKey, databaseUrl: 'postgres://nowhere', ...deps, log });
  if (strategy === undefined) throw new Error('there is no strategy');
  return strategy;
}

export interface HandRotation {
  memory: Memory;
  /** Takes a step as the activity does, until it has no further part. */
  take: (step: Taken) => Promise<Evidence>;
  undo: (step: 'stage' | 'cut_over') => Promise<unknown>;
}

/** A rotation whose steps a test takes one by one, with nobody to record them. */
export function byHand(create: Create, deps: TestDeps, of: Of = {}): HandRotation {
  const strategy = strategyOf(create, deps);
  const context = (memory: Memory): StepContext => ({ ...OF, ...of, memory });
  const rotation: HandRotation = {
    memory: {},
    take: async (step) => {
      for (;;) {
        const { evidence = {}, memory = {}, more } = (await strategy[step]?.(context(rotation.memory))) ?? {};
        rotation.memory = { ...rotation.memory, ...memory };
        if (more !== true) return evidence;
      }
    },
    undo: (step) => strategy.undo(step, context(rotation.memory)),
  };
  return rotation;
}

export interface Trouble {
  /** Fails each time it is taken, before it did anything or after. */
  fails?: { step: Taken; once_done: boolean };
  /** The process dies between the effect of this step, or of each undoing, and its record. */
  dies_after?: Taken | 'undo';
  dry_run?: boolean;
  compromised?: boolean;
  /** Called after each step that was put on record. */
  recorded?: () => Promise<unknown>;
}

export interface DrivenRotation {
  record: RotationRecordLike;
  steps: { step: Step; undo: boolean; outcome: string; evidence: Evidence }[];
}

/**
 * A rotation from its opening to its end by the activity and the rules of the product, on a record in memory whose pauses are
 * none. Ends with the record as it is when nothing was achieved in `most` steps.
 */
export async function driven(
  create: Create,
  deps: TestDeps,
  { fails, dies_after, dry_run = false, compromised = false, recorded, ...of }: Trouble & Of & { most?: number } = {},
): Promise<DrivenRotation> {
  const { most = 40, ...context } = of;
  const strategy = strategyOf(create, deps);
  const { row } = strategy;
  const steps: DrivenRotation['steps'] = [];
  let record: RotationRecordLike = {
    ...OF,
    ...context,
    ...opened({ row, dry_run, overlap_seconds: 0, compromised }),
    actor: 'owner',
    memory: {},
    version: 1,
  };
  const died = new Set<string>();
  const activities = createRotationActivities({
    log,
    strategies: new Map([[row, fails === undefined ? strategy : failing(strategy, fails)]]),
    record: {
      attend: async () => ({ record, due_in_ms: isOver(record) ? null : 0 }),
      recordStep: async (_of, { step, outcome, evidence, memory }) => {
        const undo = record.state === 'undoing';
        const dies = outcome.kind === 'done' && dies_after === (undo ? 'undo' : step) && !died.has(`${undo}${step}`);
        died.add(`${undo}${step}`);
        if (dies) throw new Error('killed');
        steps.push({ step, undo, outcome: outcome.kind, evidence });
        const { rotation } = advance(record, step, outcome, new Date().toISOString());
        record = { ...record, ...rotation, memory, version: record.version + 1 };
        await recorded?.();
        return true;
      },
    },
  });
  for (let taken = 0; taken < most && !isOver(record); taken++)
    await activities.rotate(OF).catch((error: unknown) => {
      if ((error as Error).message !== 'killed') throw error;
    });
  return { record, steps };
}

function failing(strategy: RotationStrategy, { step, once_done }: NonNullable<Trouble['fails']>): RotationStrategy {
  const take = strategy[step];
  return {
    ...strategy,
    [step]: async (context: StepContext) => {
      if (once_done) await take?.(context);
      throw new StepFailure('test_failure');
    },
  };
}
