// A rotation is judged on its record: what fails before the cut is undone, and no step is passed over.
import { planOf } from './plan.ts';
import type { RotationRow, Step } from './plan.ts';

export type RotationState = 'running' | 'undoing' | 'completed' | 'undone' | 'failed';

/** The part of a rotation's record that its course is judged by. Times are RFC 3339 UTC by the database's clock. */
export interface Rotation {
  row: RotationRow;
  state: RotationState;
  /** What is taken next; while undoing, the step that is undone next. Null when it is over. */
  step: Step | null;
  dry_run: boolean;
  overlap_seconds: number;
  /** The old one is known to others: it never comes back. */
  compromised: boolean;
  overlap_until: string | null;
  staged_at: string | null;
  cut_over_at: string | null;
  new_proved_at: string | null;
  old_proved_at: string | null;
  /** Failures of the present step in a row. */
  attempts: number;
  next_attempt_at: string | null;
  failed_step: Step | null;
  failure: string | null;
}

/** How a step ended. `more`: it is to be taken again at once, for it does its work in parts. */
export type StepOutcome =
  | { kind: 'done' }
  | { kind: 'more' }
  | { kind: 'failed'; code: string; retry: boolean }
  | { kind: 'abandoned'; code: string };

export interface Advance {
  rotation: Rotation;
  /** Somebody has to look: said once per trouble. */
  alert: boolean;
}

/** So often is a step tried before the rotation gives way. */
export const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;

const after = (now: string, ms: number): string => new Date(Date.parse(now) + ms).toISOString();
const pause = (attempts: number): number => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
export const isOver = ({ state }: Pick<Rotation, 'state'>): boolean => state !== 'running' && state !== 'undoing';

/** The record of a rotation that is asked for. */
export const opened = (of: Pick<Rotation, 'row' | 'dry_run' | 'overlap_seconds' | 'compromised'>): Rotation => ({
  ...of,
  state: 'running',
  step: 'inspect',
  overlap_until: null,
  staged_at: null,
  cut_over_at: null,
  new_proved_at: null,
  old_proved_at: null,
  attempts: 0,
  next_attempt_at: null,
  failed_step: null,
  failure: null,
});

/** Milliseconds until the present step may be taken, 0 when it is due; null when the rotation is over. */
export function dueIn(rotation: Rotation, now: string): number | null {
  if (rotation.step === null) return null;
  const at = rotation.next_attempt_at ?? (rotation.step === 'overlap' ? rotation.overlap_until : null);
  return at === null ? 0 : Math.max(0, Date.parse(at) - Date.parse(now));
}

/** What becomes of a rotation whose present step, `step`, ended so. */
export function advance(rotation: Rotation, step: Step, outcome: StepOutcome, now: string): Advance {
  if (rotation.step !== step || isOver(rotation)) throw new Error(`${step} is not the step of this rotation`);
  if (outcome.kind === 'abandoned') return { rotation: ended(rotation, step, outcome.code), alert: true };
  if (outcome.kind === 'failed')
    return rotation.state === 'undoing' ? undoFailed(rotation, outcome, now) : failed(rotation, step, outcome, now);
  const mended = rotation.state === 'running' ? { failed_step: null, failure: null } : {};
  const settled = { ...rotation, ...mended, attempts: 0, next_attempt_at: null };
  if (outcome.kind === 'more') return { rotation: settled, alert: false };
  return { rotation: rotation.state === 'undoing' ? undone(settled, step) : passed(settled, step, now), alert: false };
}

function passed(rotation: Rotation, step: Step, now: string): Rotation {
  const marked = { ...rotation, ...mark(step, now) };
  const plan = planOf(marked.row, marked);
  const next = plan[plan.indexOf(step) + 1] ?? null;
  if (next === 'overlap') return { ...marked, step: next, overlap_until: after(now, marked.overlap_seconds * 1000) };
  return next === null ? { ...marked, state: 'completed', step: null } : { ...marked, step: next };
}

function mark(step: Step, now: string): Partial<Rotation> {
  switch (step) {
    case 'stage':
      return { staged_at: now };
    case 'cut_over':
      return { cut_over_at: now };
    case 'prove_new':
      return { new_proved_at: now };
    case 'prove_old':
      return { old_proved_at: now };
    case 'inspect':
    case 'overlap':
    case 'withdraw':
    case 'revoke':
      return {};
    default: {
      const unknown: never = step;
      throw new Error(`unknown step ${JSON.stringify(unknown)}`);
    }
  }
}

type Failed = Extract<StepOutcome, { kind: 'failed' }>;

function failed(rotation: Rotation, step: Step, { code, retry }: Failed, now: string): Advance {
  const attempts = rotation.attempts + 1;
  const again = {
    ...rotation,
    attempts,
    failed_step: step,
    failure: code,
    next_attempt_at: after(now, pause(attempts)),
  };
  if (retry && attempts < ATTEMPTS) return { rotation: again, alert: false };
  if (rotation.staged_at === null && step !== 'stage')
    return { rotation: ended(rotation, step, code), alert: !rotation.dry_run };
  // Past the proof of the new one there is no way back: the old one is to end, however long that takes.
  const forward = rotation.new_proved_at !== null && rotation.cut_over_at !== null;
  const exposed = rotation.compromised && (rotation.cut_over_at !== null || step === 'cut_over');
  if (forward || exposed) return { rotation: again, alert: attempts === ATTEMPTS || (!retry && attempts === 1) };
  const undoing: Rotation = { ...again, state: 'undoing', attempts: 0, next_attempt_at: null };
  return { rotation: { ...undoing, step: undoFrom(rotation, step) }, alert: true };
}

/** The latest step that left something behind: one that failed may have. */
const undoFrom = (rotation: Rotation, step: Step): Step =>
  rotation.cut_over_at !== null || step === 'cut_over' ? 'cut_over' : 'stage';

function undone(rotation: Rotation, step: Step): Rotation {
  if (step === 'cut_over') return { ...rotation, step: 'stage', cut_over_at: null };
  return { ...rotation, state: 'undone', step: null, staged_at: null };
}

/** What cannot be undone now is tried again for ever: two that both work are nobody's wish. */
function undoFailed(rotation: Rotation, { code }: Failed, now: string): Advance {
  const attempts = rotation.attempts + 1;
  return {
    rotation: { ...rotation, attempts, failure: code, next_attempt_at: after(now, pause(attempts)) },
    alert: attempts === ATTEMPTS,
  };
}

const ended = (rotation: Rotation, step: Step, code: string): Rotation => ({
  ...rotation,
  state: 'failed',
  step: null,
  next_attempt_at: null,
  failed_step: step,
  failure: code,
});
