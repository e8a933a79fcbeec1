import type { WorkflowInterceptors } from '@temporalio/workflow';
import { isUnreadable } from '../domain/process/unreadable.ts';

/**
 * An input that cannot be read is no input: the workflow's first task fails, and is tried again until somebody brings the key
 * or ends it. Signals and updates that cannot be read go to their handlers, which refuse them as malformed.
 */
export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      execute: (input, next) => {
        if (input.args.some(isUnreadable)) throw new Error('the input of the workflow cannot be read');
        return next(input);
      },
    },
  ],
});
