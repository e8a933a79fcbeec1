import type { Client } from '@temporalio/client';
import type { Database } from '../../db/client.ts';
import type { ControlEnv } from '../../workers/run-control.ts';
import { openClient, startControl } from './control.ts';
import type { TestControl } from './control.ts';
import { eventually } from './eventually.ts';
import { openRecord } from './record.ts';
import { tcpProxy } from './tcp-proxy.ts';
import type { TcpProxy } from './tcp-proxy.ts';
import { startTemporal } from './temporal.ts';
import type { TestTemporal } from './temporal.ts';

/** A record, an engine and the control process between them. */
export interface TestProcesses {
  db: Database;
  /** Of the record, past the control process's way to it. */
  databaseUrl: string;
  temporal: TestTemporal;
  control: TestControl;
  client: Client;
  /** The control process's way to the database; the test's own does not go through it. */
  toDatabase: TcpProxy;
  /** Resolves to the run id once the engine runs the workflow. */
  running: (workflowId: string, withinMs?: number) => Promise<string>;
  /** The search attributes of a workflow, by name. */
  attributes: (workflowId: string) => Promise<Record<string, unknown>>;
  close: () => Promise<void>;
}

export async function startProcesses(
  options: { dynamicConfig?: string[]; control?: Partial<ControlEnv> } = {},
): Promise<TestProcesses> {
  const opened: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of opened.reverse()) await end();
  };
  try {
    const record = await openRecord();
    opened.push(record.close);
    const url = new URL(record.url);
    const toDatabase = await tcpProxy(Number(url.port));
    opened.push(toDatabase.close);
    url.port = String(toDatabase.port);
    const temporal = await startTemporal(options);
    opened.push(temporal.stop);
    const control = await startControl({
      databaseUrl: url.toString(),
      temporalAddress: temporal.address,
      ...options.control,
    });
    opened.push(control.stop);
    const { client, close: disconnect } = await openClient(temporal.address);
    opened.push(disconnect);
    const running = (id: string, withinMs?: number) =>
      eventually(async () => {
        const handle = client.workflow.getHandle(id);
        const found = await handle.describe().catch(() => undefined);
        return found?.status.name === 'RUNNING' && found.runId;
      }, withinMs);
    const attributes = async (id: string) => {
      const { typedSearchAttributes } = await client.workflow.getHandle(id).describe();
      return Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    };
    return {
      db: record.db,
      databaseUrl: record.url,
      temporal,
      control,
      client,
      toDatabase,
      running,
      attributes,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
