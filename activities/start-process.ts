import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { SEVERITIES } from '../domain/containment/types.ts';
import { isWatch, STEP_TIMEOUT_MS, workflowIdOf } from '../domain/process/types.ts';
import type { ProcessType } from '../domain/process/types.ts';

export const CONTROL_QUEUE = 'control';
/** Critical processes have their own queue and slots: on a shared one they wait behind every other. */
export const CRITICAL_QUEUE = 'control-critical';

const WORKSPACE = defineSearchAttributeKey('Workspace', 'KEYWORD');
const SEVERITY = defineSearchAttributeKey('Severity', 'KEYWORD');
const PROCESS_STATE = defineSearchAttributeKey('ProcessState', 'KEYWORD');
const DEADLINE_MS = 5_000;
/** Their rank is one among the work of the queue; it says nothing of an incident. */
const UNRANKED: readonly ProcessType[] = ['adapterSync', 'tokenRotation', 'captureWindow', 'exportApproval'];

export interface ProcessStart {
  type: ProcessType;
  workspace_id: string;
  subject: string;
  severity_rank: number;
  version: number;
}

export type StartProcess = (start: ProcessStart) => Promise<void>;

/**
 * Pokes a process and starts it if it does not run. Whether it may run is the record's decision, which the workflow asks
 * first: so every id may be used again, and a running process is only poked.
 */
export const createStartProcess =
  (client: Client): StartProcess =>
  async ({ type, workspace_id, subject, severity_rank, version }) => {
    const severity = isWatch(type) || UNRANKED.includes(type) ? undefined : SEVERITIES[severity_rank - 1];
    await client.withDeadline(Date.now() + DEADLINE_MS, () =>
      client.workflow.signalWithStart(type, {
        workflowId: workflowIdOf(type, subject),
        taskQueue: severity_rank === 1 ? CRITICAL_QUEUE : CONTROL_QUEUE,
        args: [inputOf(type, workspace_id, subject)],
        signal: 'poke',
        signalArgs: [{ version }],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowTaskTimeout: STEP_TIMEOUT_MS,
        priority: { priorityKey: severity_rank },
        typedSearchAttributes: [
          { key: WORKSPACE, value: workspace_id },
          { key: PROCESS_STATE, value: isWatch(type) ? 'watching' : 'starting' },
          ...(severity === undefined ? [] : [{ key: SEVERITY, value: severity }]),
        ],
      }),
    );
  };

/** The one argument of a process. */
function inputOf(type: ProcessType, workspace_id: string, subject: string): object {
  switch (type) {
    case 'incidentResponse':
    case 'recoveryCeremony':
      return { schema: 1, workspace_id, incident_id: subject };
    case 'severityEscalation':
      return { schema: 1, workspace_id, escalation: subject.slice(workspace_id.length + 1) };
    case 'attestationWatch':
      return { schema: 1, node: subject };
    case 'integrityWatch':
      return { schema: 1, baseline: subject };
    case 'delivery':
      return { schema: 1, workspace_id, delivery_id: subject };
    case 'adapterSync':
      return { schema: 1, workspace_id, adapter_id: subject };
    case 'tokenRotation':
      return { schema: 1, workspace_id, rotation_id: subject };
    case 'captureWindow':
      return { schema: 1, workspace_id, window_id: subject };
    case 'exportApproval':
      return { schema: 1, workspace_id, export_id: subject };
    default: {
      const unknown: never = type;
      throw new Error(`unknown process ${JSON.stringify(unknown)}`);
    }
  }
}
