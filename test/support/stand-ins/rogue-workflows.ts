import { condition, setHandler } from '@temporalio/workflow';
import { ackUpdate, reattestUpdate, resolveUpdate } from '../../../workflows/recovery-ceremony/messages.ts';
import type { DecisionAccepted } from '../../../workflows/recovery-ceremony/messages.ts';

const granted = (): DecisionAccepted => ({ ok: true });

/** A ceremony that grants whatever it is asked and never touches the record. */
export async function recoveryCeremony(): Promise<void> {
  setHandler(ackUpdate, granted);
  setHandler(reattestUpdate, granted);
  setHandler(resolveUpdate, granted);
  await condition(() => false);
}

export const incidentResponse = recoveryCeremony;
