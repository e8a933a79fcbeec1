import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { AttesterActivities, EngineActivities, RecordActivities } from '../activities/types.ts';
import { ATTESTER, ENGINE, RECORD } from './options.ts';

export const record = proxyLocalActivities<RecordActivities>(RECORD);
export const engine = proxyActivities<EngineActivities>(ENGINE);

/** The worker on a protected host, sole owner of its TPM. */
export const attester = (node: string) =>
  proxyActivities<AttesterActivities>({ ...ATTESTER, taskQueue: `attester/${node}` });
