import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { EscalationView } from '../../domain/process/escalation.ts';

const INCIDENT_CLASS = defineSearchAttributeKey('IncidentClass', 'KEYWORD');
const SEVERITY = defineSearchAttributeKey('Severity', 'KEYWORD');
const PROCESS_STATE = defineSearchAttributeKey('ProcessState', 'KEYWORD');
const WORKSPACE = defineSearchAttributeKey('Workspace', 'KEYWORD');
const AWAITING_ROLE = defineSearchAttributeKey('AwaitingRole', 'KEYWORD');

/** What the engine's console and lists show of an escalation; it is nobody's turn: its incidents have their own processes. */
export class EscalationEntry {
  readonly #workspace_id: string;
  #shown = '';

  constructor(workspace_id: string) {
    this.#workspace_id = workspace_id;
  }

  show(view: EscalationView): void {
    const { severity, unresolved, members } = view;
    setCurrentDetails(`${view.class} escalated to ${severity}, ${unresolved} of ${members} incidents unresolved`);
    const state = view.over ? 'closing' : 'escalated';
    const shown = JSON.stringify([view.class, severity, state]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    upsertSearchAttributes([
      { key: WORKSPACE, value: this.#workspace_id },
      { key: INCIDENT_CLASS, value: view.class },
      { key: SEVERITY, value: severity },
      { key: PROCESS_STATE, value: state },
      { key: AWAITING_ROLE, value: null },
    ]);
  }

  /** The record could not be read: the process waits and asks again. */
  hold(code: string): void {
    setCurrentDetails(`cannot read the record: ${code}`);
  }
}
