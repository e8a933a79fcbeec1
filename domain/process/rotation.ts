// What the process of a rotation is told by its record after each step: words and numbers only, for it enters the history.
import type { RotationRow, Step } from '../rotation/plan.ts';
import type { RotationState } from '../rotation/transition.ts';

export interface RotationView {
  row: RotationRow;
  state: RotationState;
  step: Step | null;
  /** The code of what fails at present. */
  failure: string | null;
  over: boolean;
  /** Milliseconds until the next step is due. */
  again_after_ms: number;
}
