import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { OPERATOR } from './record.ts';

/** Sends a decision as an update, as the API does. */
export const decide = (client: Client, workflowId: string, name: string, input: object = {}, updateId?: string) =>
  client.workflow.getHandle(workflowId).executeUpdate<{ ok: true; nodes?: string[] }, [object]>(name, {
    args: [{ caller: OPERATOR, request_digest: 'digest', ...input }],
    ...(updateId === undefined ? {} : { updateId }),
  });

/** What a decision was refused with; throws when it was not refused. */
export async function refusal(attempt: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await attempt.then(
    () => new Error('the decision was accepted'),
    (e: unknown) => e,
  );
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) return error.cause;
  throw error;
}
