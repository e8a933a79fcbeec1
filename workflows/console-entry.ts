import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { IncidentProcess, ProcessView } from '../domain/process/types.ts';
import { awaitingRole, currentDetails, processState } from '../domain/process/visibility.ts';

const WORKSPACE = defineSearchAttributeKey('Workspace', 'KEYWORD');
const INCIDENT_CLASS = defineSearchAttributeKey('IncidentClass', 'KEYWORD');
const SEVERITY = defineSearchAttributeKey('Severity', 'KEYWORD');
const PROCESS_STATE = defineSearchAttributeKey('ProcessState', 'KEYWORD');
const AWAITING_ROLE = defineSearchAttributeKey('AwaitingRole', 'KEYWORD');

/** Keeps the engine's console and lists telling what the record tells; writes to history only what changed. */
export class ConsoleEntry {
  readonly #process: IncidentProcess;
  #shown = '';

  constructor(process: IncidentProcess) {
    this.#process = process;
  }

  show(view: ProcessView): void {
    const { type, workspace_id } = this.#process;
    setCurrentDetails(currentDetails(type, view));
    const state = processState(type, view);
    const role = awaitingRole(type, view);
    const shown = JSON.stringify([view.class, view.severity, state, role]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    upsertSearchAttributes([
      { key: WORKSPACE, value: workspace_id },
      { key: INCIDENT_CLASS, value: view.class },
      { key: SEVERITY, value: view.severity },
      { key: PROCESS_STATE, value: state },
      { key: AWAITING_ROLE, value: role },
    ]);
  }

  /** The incident is resolved; some adapter has yet to acknowledge that. */
  restoring(): void {
    setCurrentDetails('resolved, waits for adapters to restore');
  }

  /** The record could not be read: the process waits and asks again. */
  hold(code: string): void {
    setCurrentDetails(`cannot read the record: ${code}`);
  }
}
