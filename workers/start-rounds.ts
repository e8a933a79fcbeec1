import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { CONTROL_QUEUE } from '../activities/start-process.ts';
import type { Env } from '../config/env.ts';
import type { Database } from '../db/client.ts';
import { awaitFreshQuote } from '../db/command/await-quote.ts';
import { enrolledNode } from '../db/command/enrol.ts';
import { ITSELF } from './enrolment-port.ts';
import { PROTECTED } from './protected-folder.ts';

// A round of an earlier start may sleep, or wait for an attester that was killed in the middle of its answer.
const { TERMINATE_EXISTING, USE_EXISTING } = WorkflowIdConflictPolicy;

/**
 * Starts what the embedded default does by itself at each start: the enrolment of its TPM if there is none on record,
 * else a fresh quote, until which the node's state is unknown; and a check of the protected files.
 */
export async function startRounds(
  db: Database,
  client: Client,
  { env, node, tpmTcti }: Pick<Env, 'env' | 'node' | 'tpmTcti'>,
): Promise<void> {
  if (env !== 'embedded') return;
  if (tpmTcti !== undefined) {
    const known = await enrolledNode(db, node);
    if (known === undefined) {
      await start(client, 'nodeEnrolment', `enrol/${node}`, { schema: 1, node }, USE_EXISTING);
    } else {
      await awaitFreshQuote(db, ITSELF, node);
      await start(client, 'attestationRound', `attestation-round/${node}`, { schema: 1, node }, TERMINATE_EXISTING);
    }
  }
  const input = { schema: 1, node, baseline: PROTECTED };
  await start(client, 'integrityRound', `integrity-round/${PROTECTED}`, input, TERMINATE_EXISTING);
}

async function start(
  client: Client,
  type: string,
  workflowId: string,
  input: object,
  workflowIdConflictPolicy: WorkflowIdConflictPolicy,
): Promise<void> {
  await client.workflow.start(type, {
    workflowId,
    taskQueue: CONTROL_QUEUE,
    args: [input],
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    workflowIdConflictPolicy,
  });
}
