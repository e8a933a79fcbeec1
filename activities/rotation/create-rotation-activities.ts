import type { Rotation, StepOutcome } from '../../domain/rotation/transition.ts';
import type { RotationRow, Step } from '../../domain/rotation/plan.ts';
import type { RotationView } from '../../domain/process/rotation.ts';
import type { RotationActivities } from './types.ts';
import { StepFailure } from './strategy.ts';
import type { Memory, RotationStrategy, StepContext, StepResult } from './strategy.ts';

export interface RotationRecordLike extends Rotation {
  workspace_id: string;
  rotation_id: string;
  subject: string;
  actor: string;
  memory: Memory;
  version: number;
}

type Key = { workspace_id: string; rotation_id: string };

/** The record's commands, bound to a database. */
export interface RotationPort {
  attend(of: Key): Promise<{ record: RotationRecordLike; due_in_ms: number | null } | undefined>;
  recordStep(
    of: Key,
    taken: {
      version: number;
      step: Step;
      outcome: Exclude<StepOutcome, { kind: 'abandoned' }>;
      evidence: Record<string, unknown>;
      memory: Memory;
    },
  ): Promise<boolean>;
}

export interface RotationDeps {
  record: RotationPort;
  strategies: ReadonlyMap<RotationRow, RotationStrategy>;
  log: { warn(fields: object): void };
}

/**
 * The activity of a rotation. A worker that dies between the effect of a step and its record takes the step again: every
 * step of a strategy has to come to the same when it is repeated.
 */
export const createRotationActivities = (deps: RotationDeps): RotationActivities => ({
  rotate: async (of) => {
    const looked = await deps.record.attend(of);
    if (looked === undefined) return null;
    const { record, due_in_ms } = looked;
    if (record.step === null || due_in_ms === null || due_in_ms > 0) return viewOf(record, due_in_ms ?? 0);
    const { outcome, evidence, memory } = await take(deps, record, record.step);
    await deps.record.recordStep(of, { version: record.version, step: record.step, outcome, evidence, memory });
    const next = await deps.record.attend(of);
    return next === undefined ? null : viewOf(next.record, next.due_in_ms ?? 0);
  },
});

const viewOf = ({ row, state, step, failure }: Rotation, again_after_ms: number): RotationView => ({
  row,
  state,
  step,
  failure,
  over: step === null,
  again_after_ms,
});

interface Taken {
  outcome: Exclude<StepOutcome, { kind: 'abandoned' }>;
  evidence: Record<string, unknown>;
  memory: Memory;
}

async function take({ strategies, log }: RotationDeps, record: RotationRecordLike, step: Step): Promise<Taken> {
  const strategy = strategies.get(record.row);
  if (strategy === undefined)
    return { outcome: { kind: 'failed', code: 'strategy_missing', retry: false }, evidence: {}, memory: record.memory };
  const { workspace_id, rotation_id, subject, actor, compromised, memory } = record;
  const context: StepContext = { workspace_id, rotation_id, subject, requested_by: actor, compromised, memory };
  try {
    const { evidence = {}, memory: learned = {}, more = false } = await run(strategy, record, step, context);
    return { outcome: { kind: more ? 'more' : 'done' }, evidence, memory: { ...memory, ...learned } };
  } catch (error) {
    if (!(error instanceof StepFailure)) log.warn({ event: 'rotation.step_failed', rotation_id, step, err: error });
    const known = error instanceof StepFailure ? error : new StepFailure('internal', { retry: true });
    return { outcome: { kind: 'failed', code: known.code, retry: known.retry }, evidence: known.evidence, memory };
  }
}

async function run(
  strategy: RotationStrategy,
  { state }: Rotation,
  step: Step,
  context: StepContext,
): Promise<StepResult> {
  if (state === 'undoing') return (await strategy.undo(step === 'cut_over' ? 'cut_over' : 'stage', context)) ?? {};
  // The wait is the record's; nothing is done at its end but to go on.
  if (step === 'overlap') return {};
  const take = strategy[step];
  if (take === undefined) throw new StepFailure('step_missing');
  return (await take.call(strategy, context)) ?? {};
}
