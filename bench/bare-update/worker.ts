import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const TASK_QUEUE = 'bench';
const logger = new DefaultLogger('WARN');

export const echo = (given: string): Promise<string> => Promise.resolve(given);

export interface BareUpdates {
  client: Client;
  /** Starts `n` workflows and returns their ids once each has handled its first task. */
  start: (n: number) => Promise<string[]>;
  close: () => Promise<void>;
}

/** A worker of the bench's own on the stack's Temporal server, with nothing in it but an update and a local activity. */
export async function bareUpdates(address: string): Promise<BareUpdates> {
  Runtime.install({ logger, shutdownSignals: [] });
  const connection = await NativeConnection.connect({ address });
  const workflowsPath = fileURLToPath(new URL('workflow.ts', import.meta.url));
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger });
  const worker = await Worker.create({ connection, taskQueue: TASK_QUEUE, workflowBundle, activities: { echo } });
  const running = worker.run();
  // As the API has it: what is compared is the update, not the client.
  const toServer = await Connection.connect({ address });
  const client = new Client({ connection: toServer });
  let started = 0;
  return {
    client,
    start: (n) =>
      Promise.all(
        Array.from({ length: n }, async () => {
          const workflowId = `bare/${started++}`;
          const handle = await client.workflow.start('bareProcess', { taskQueue: TASK_QUEUE, workflowId });
          await handle.executeUpdate('bare', { args: ['first'] });
          return workflowId;
        }),
      ),
    close: async () => {
      worker.shutdown();
      await running;
      await toServer.close();
      await connection.close();
    },
  };
}
