import { ApplicationFailure } from '@temporalio/workflow';

/** Ends an update or a process with the code of its refusal as the failure's type. */
export const refused = (code: string): ApplicationFailure =>
  ApplicationFailure.create({ type: code, message: `refused: ${code}`, nonRetryable: true });
