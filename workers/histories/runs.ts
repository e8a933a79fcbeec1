import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

const DESCRIBE_DEADLINE_MS = 5_000;
const LIST_DEADLINE_MS = 10_000;
const FETCH_DEADLINE_MS = 20_000;
/** A watch that ran for years; what is older than the engine keeps is lost anyhow. */
const RUNS_AT_MOST = 1_000;

/** One run as the engine has it: what `temporal workflow show --output json` prints, or that it is gone. */
export type FetchedRun =
  { run_id: string; status: string; json: Buffer; events: number } | { run_id: string; lost: 'not_found' };

export type LastRun = { kind: 'closed'; run_id: string } | { kind: 'running' } | { kind: 'not_found' };

/** The last run of a workflow, by its id. */
export async function lastRun(client: Client, workflowId: string): Promise<LastRun> {
  try {
    const handle = client.workflow.getHandle(workflowId);
    const { status, runId } = await client.withDeadline(Date.now() + DESCRIBE_DEADLINE_MS, () => handle.describe());
    return status.name === 'RUNNING' ? { kind: 'running' } : { kind: 'closed', run_id: runId };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'not_found' };
    throw error;
  }
}

/**
 * The runs of a workflow, newest first: from the last one back through everything it was continued from, then what else ran
 * under its id, as a workflow does that was ended by hand and started again.
 */
export async function* runsOf(client: Client, workflowId: string, last: string): AsyncGenerator<FetchedRun> {
  const seen = new Set<string>();
  const listed = await listRuns(client, workflowId);
  for (const start of [last, ...listed]) {
    let runId: string | undefined = start;
    while (runId !== undefined && !seen.has(runId) && seen.size < RUNS_AT_MOST) {
      seen.add(runId);
      const { run, before } = await fetchRun(client, workflowId, runId);
      yield run;
      runId = before;
    }
  }
}

/** Closed runs as visibility has them, which lags; the chain of the last run is the engine's own. */
async function listRuns(client: Client, workflowId: string): Promise<string[]> {
  const query = `WorkflowId = '${workflowId.replaceAll("'", "''")}' AND ExecutionStatus != 'Running'`;
  return client.withDeadline(Date.now() + LIST_DEADLINE_MS, async () => {
    const found: string[] = [];
    for await (const { runId } of client.workflow.list({ query, pageSize: 100 })) {
      found.push(runId);
      if (found.length === RUNS_AT_MOST) break;
    }
    return found;
  });
}

async function fetchRun(
  client: Client,
  workflowId: string,
  runId: string,
): Promise<{ run: FetchedRun; before: string | undefined }> {
  const handle = client.workflow.getHandle(workflowId, runId);
  try {
    return await client.withDeadline(Date.now() + FETCH_DEADLINE_MS, async () => {
      const { status } = await handle.describe();
      const history = await handle.fetchHistory();
      const events = history.events ?? [];
      const before = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
      const json = Buffer.from(historyToJSON(history));
      const run = { run_id: runId, status: status.name.toLowerCase(), json, events: events.length };
      return { run, before: before == null || before === '' ? undefined : before };
    });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { run: { run_id: runId, lost: 'not_found' }, before: undefined };
    throw error;
  }
}
