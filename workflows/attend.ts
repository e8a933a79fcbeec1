import { allHandlersFinished, condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import type { IncidentProcess, IncidentProcessType, ProcessView } from '../domain/process/types.ts';
import { ConsoleEntry } from './console-entry.ts';
import type { DecisionInbox } from './decision-inbox.ts';
import { failureCode } from './failure-code.ts';
import { RECLOSE_AFTER_MS, REREAD_AFTER_MS, REREAD_AT_LEAST_MS, UPDATES_PER_RUN } from './options.ts';
import { record } from './record.ts';
import { pokeSignal } from './recovery-ceremony/messages.ts';
import type { IncidentProcessInput } from './recovery-ceremony/messages.ts';

/** What a process does when it has read its record. Returns when it wants to read it again by itself (ms), null: only when poked. */
export type Step = (view: ProcessView) => Promise<number | null>;

/**
 * The loop of a process that waits for an incident: decisions first, one at a time; when poked, the record, and with it
 * the process's own step. Returns when the record says that the process is over and every decision has its answer.
 */
export async function attend(
  type: IncidentProcessType,
  input: IncidentProcessInput,
  inbox: DecisionInbox,
  step: Step,
): Promise<void> {
  const process: IncidentProcess = { type, workspace_id: input.workspace_id, incident_id: input.incident_id };
  const entry = new ConsoleEntry(process);
  const answered = () => inbox.hasDecisions() || allHandlersFinished();
  let unread = true;
  let wakeAt: number | null = null;
  let over = false;
  setHandler(pokeSignal, () => {
    unread = true;
  });

  for (;;) {
    if (inbox.hasDecisions()) {
      if (!(await inbox.decideNext())) continue;
      // The answer has to leave with this workflow task. A task that also ended the workflow would be thrown away, and
      // the update with it, if a signal came in meanwhile; and the decision's own poke does.
      unread = false;
      wakeAt = Math.min(wakeAt ?? Infinity, Date.now() + REREAD_AT_LEAST_MS);
    } else if (over || runIsLong(inbox)) {
      await condition(answered);
      if (inbox.hasDecisions()) continue;
      if (over) return;
      await continueAsNew<(input: IncidentProcessInput) => Promise<void>>(input);
    } else if (unread) {
      unread = false;
      ({ over, wakeAt } = await look(process, entry, step));
    } else {
      unread = await poked(() => inbox.hasDecisions() || unread, wakeAt);
    }
  }

  /** True when it is time to read the record: it changed, or `wakeAt` has come. */
  async function poked(awake: () => boolean, at: number | null): Promise<boolean> {
    if (at === null) await condition(awake);
    else if (!(await condition(awake, Math.max(REREAD_AT_LEAST_MS, at - Date.now())))) return true;
    return unread;
  }
}

interface Looked {
  over: boolean;
  wakeAt: number | null;
}

/** Reads the record and lets the process act on it. A record that cannot be read now is read again soon. */
async function look(process: IncidentProcess, entry: ConsoleEntry, step: Step): Promise<Looked> {
  try {
    const view = await record.attendProcess(process);
    if (view === null || view.over) return { over: true, wakeAt: null };
    entry.show(view);
    if (!view.resolved) return { over: false, wakeAt: await step(view) };
    if (await record.closeProcess(process)) return { over: true, wakeAt: null };
    entry.restoring();
    return { over: false, wakeAt: Date.now() + RECLOSE_AFTER_MS };
  } catch (error) {
    entry.hold(failureCode(error, 'database_unreachable'));
  }
  return { over: false, wakeAt: Date.now() + REREAD_AFTER_MS };
}

const runIsLong = (inbox: DecisionInbox): boolean =>
  workflowInfo().continueAsNewSuggested || inbox.taken >= UPDATES_PER_RUN;
