import { condition, continueAsNew, proxyLocalActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { EscalationActivities } from '../../activities/escalation.ts';
import type { EscalationView } from '../../domain/process/escalation.ts';
import { failureCode } from '../failure-code.ts';
import { REREAD_AFTER_MS, REREAD_AT_LEAST_MS, RECORD } from '../options.ts';
import { EscalationEntry } from './console.ts';
import { pokeSignal } from './messages.ts';
import type { SeverityEscalationInput } from './messages.ts';

const { followEscalation } = proxyLocalActivities<EscalationActivities>(RECORD);

/**
 * Follows a crossing through: sees that the raised incidents' processes are started, alerts, reminds every 4 h while any
 * of them is unresolved, and closes with a summary when no event of the class came for one window.
 */
export async function severityEscalation(input: SeverityEscalationInput): Promise<void> {
  const entry = new EscalationEntry(input.workspace_id);
  let pokes = 0;
  setHandler(pokeSignal, () => {
    pokes += 1;
  });
  for (;;) {
    const seen = pokes;
    const view = await follow(input, entry);
    // A poke that came in meanwhile may be the news that the same incident has opened another escalation.
    if (view?.over === true && pokes === seen) return;
    if (view?.over === true || view?.done) continue;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof severityEscalation>(input);
    await condition(() => pokes !== seen, Math.max(REREAD_AT_LEAST_MS, view?.again_after_ms ?? REREAD_AFTER_MS));
  }
}

/** One step. Undefined: the record cannot be asked now; without a record the process is over. */
async function follow(
  input: SeverityEscalationInput,
  entry: EscalationEntry,
): Promise<Partial<EscalationView> | undefined> {
  const { workspace_id, escalation } = input;
  try {
    const view = await followEscalation({ workspace_id, escalation });
    if (view === null) return { over: true };
    entry.show(view);
    return view;
  } catch (error) {
    entry.hold(failureCode(error, 'database_unreachable'));
    return undefined;
  }
}
