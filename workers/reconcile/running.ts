import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';

const AT_ONCE = 8;
const LIST_DEADLINE_MS = 10_000;
const DESCRIBE_DEADLINE_MS = 5_000;

/** Our ids hold no quotes; one that did would end the query's string. */
const quoted = (id: string): string => `'${id.replaceAll("'", "''")}'`;

/**
 * Which of these workflows the engine does not run, with what it has instead: `not_found` or the status of the last run.
 * Visibility, which lags, spares asking for those it lists as running; the verdict on the others is the engine's own.
 */
export async function notRunning(client: Client, workflowIds: string[]): Promise<Map<string, string>> {
  const listed = await client.withDeadline(Date.now() + LIST_DEADLINE_MS, () => listRunning(client, workflowIds));
  const queue = workflowIds.filter((id) => !listed.has(id)).values();
  const missing = new Map<string, string>();
  const ask = async () => {
    for (const id of queue) {
      const status = await client.withDeadline(Date.now() + DESCRIBE_DEADLINE_MS, () => describe(client, id));
      if (status !== 'running') missing.set(id, status);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return missing;
}

async function listRunning(client: Client, ids: string[]): Promise<Set<string>> {
  const query = `ExecutionStatus = 'Running' AND WorkflowId IN (${ids.map(quoted).join(', ')})`;
  const running = new Set<string>();
  for await (const { workflowId } of client.workflow.list({ query, pageSize: ids.length })) running.add(workflowId);
  return running;
}

async function describe(client: Client, id: string): Promise<string> {
  try {
    return (await client.workflow.getHandle(id).describe()).status.name.toLowerCase();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'not_found';
    throw error;
  }
}
