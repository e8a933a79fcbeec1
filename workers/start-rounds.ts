import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { CONTROL_QUEUE } from '../activities/start-process.ts';
import type { Env } from '../config/env.ts';
import type { Database } from '../db/client.ts';
import { enrolledNode } from '../db/command/enrol.ts';
import { PROTECTED } from './protected-folder.ts';

/**
 * Starts what the embedded default does by itself at each start: the enrolment of its TPM if there is none on record,
 * else a fresh quote; and a check of the protected files. What already runs goes on.
 */
export async function startRounds(
  db: Database,
  client: Client,
  { env, node, tpmTcti }: Pick<Env, 'env' | 'node' | 'tpmTcti'>,
): Promise<void> {
  if (env !== 'embedded') return;
  if (tpmTcti !== undefined) {
    const known = await enrolledNode(db, node);
    if (known === undefined) await start(client, 'nodeEnrolment', `enrol/${node}`, { schema: 1, node });
    else await start(client, 'attestationRound', `attestation-round/${node}`, { schema: 1, node });
  }
  await start(client, 'integrityRound', `integrity-round/${PROTECTED}`, { schema: 1, node, baseline: PROTECTED });
}

async function start(client: Client, type: string, workflowId: string, input: object): Promise<void> {
  await client.workflow.start(type, {
    workflowId,
    taskQueue: CONTROL_QUEUE,
    args: [input],
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
  });
}
