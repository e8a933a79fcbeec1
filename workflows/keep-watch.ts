import { condition, continueAsNew, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import { failureCode } from './failure-code.ts';
import { REREAD_AFTER_MS, ROUNDS_PER_RUN } from './options.ts';
import { pokeSignal } from './recovery-ceremony/messages.ts';
import type { Desk } from './watch-desk.ts';

/** A look at the watched; null when there is nothing to watch any more. */
type Look = { again_after_ms: number; passed: boolean | null } | null;

/**
 * The loop of a watch: looks at once, when poked, after each approval, and whenever the record says that it is time.
 * Returns when there is nothing to watch any more, and starts a new run with `input` before the history grows long.
 */
export async function keepWatch(input: object, desk: Desk, look: () => Promise<Look>): Promise<void> {
  let poked = false;
  setHandler(pokeSignal, () => {
    poked = true;
  });
  for (let rounds = 1; ; rounds += 1) {
    poked = false;
    desk.lookDue = false;
    const seen = await lookSafely(look);
    if (seen === null) return desk.closed();
    if (rounds >= ROUNDS_PER_RUN || workflowInfo().continueAsNewSuggested) {
      await desk.closed();
      await continueAsNew<(input: object) => Promise<void>>(input);
    }
    await condition(() => poked || desk.lookDue, seen.again_after_ms);
  }
}

/** A record that cannot be asked now is asked again soon; whether that is too long is for the state to say, by its age. */
async function lookSafely(look: () => Promise<Look>): Promise<Look> {
  try {
    const seen = await look();
    const result = seen?.passed === true ? 'as expected' : seen?.passed === false ? 'a mismatch' : 'nothing';
    setCurrentDetails(`saw ${result} at ${new Date(Date.now()).toISOString()}`);
    return seen;
  } catch (error) {
    setCurrentDetails(`cannot ask the record: ${failureCode(error, 'database_unreachable')}`);
    return { again_after_ms: REREAD_AFTER_MS, passed: null };
  }
}
