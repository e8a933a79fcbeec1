import type { RotationRow, Step } from '../../domain/rotation/plan.ts';

/** What a strategy has to find again: names, versions, digests, never a value. */
export type Memory = Record<string, string | number>;

export interface StepContext {
  workspace_id: string;
  rotation_id: string;
  /** Which one of its row; '' where there is only one. */
  subject: string;
  requested_by: string;
  compromised: boolean;
  memory: Memory;
}

export interface StepResult {
  /** What shows that it was done: status codes, versions, digests. It goes to the ledger. */
  evidence?: Record<string, unknown>;
  /** Added to the memory. */
  memory?: Memory;
  /** A part was done, and the next is to be done at once. */
  more?: boolean;
}

type TakeStep = (context: StepContext) => Promise<StepResult | void>;

/**
 * How one row is rotated. Every step and every undoing may be taken again after it was done, or half done, and then comes
 * to the same; it throws `StepFailure` when it did not succeed.
 */
export interface RotationStrategy extends Partial<Record<Exclude<Step, 'overlap'>, TakeStep>> {
  row: RotationRow;
  /** What is missing or wrong before anything is changed. */
  inspect: TakeStep;
  stage: TakeStep;
  prove_new: TakeStep;
  cut_over: TakeStep;
  prove_old: TakeStep;
  revoke: TakeStep;
  /** Puts back what a step changed, whether it was done or failed in the middle. */
  undo: (step: 'stage' | 'cut_over', context: StepContext) => Promise<StepResult | void>;
}

/** A step did not succeed. `code` goes to the record; `retry`: it may succeed later without anybody's help. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
  readonly code: string;
  readonly retry: boolean;
  readonly evidence: Record<string, unknown>;

  constructor(
    code: string,
    { retry = false, evidence = {} }: { retry?: boolean; evidence?: Record<string, unknown> } = {},
  ) {
    super(code);
    this.code = code;
    this.retry = retry;
    this.evidence = evidence;
  }
}
