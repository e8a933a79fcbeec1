import type { Client } from '@temporalio/client';
import { CONTROL_QUEUE } from '../activities/start-process.ts';
import type { Env } from '../config/env.ts';
import type { Database } from '../db/client.ts';
import { awaitFreshCheck } from '../db/command/await-check.ts';
import { awaitFreshQuote } from '../db/command/await-quote.ts';
import { enrolledNode } from '../db/command/enrol.ts';
import { listWatches } from '../db/command/list-watches.ts';
import { ITSELF } from './enrolment-port.ts';
import { PROTECTED } from './protected-folder.ts';

/**
 * Has every enrolled node watched. The embedded default also enrols its TPM if there is none on record, else asks for a
 * fresh quote and a fresh check of its files: until they pass, both states are unknown.
 */
export async function startWatches(
  db: Database,
  client: Client,
  { env, node, tpmTcti }: Pick<Env, 'env' | 'node' | 'tpmTcti'>,
): Promise<void> {
  await listWatches(db, ITSELF);
  if (env !== 'embedded') return;
  if (tpmTcti !== undefined) {
    if ((await enrolledNode(db, node)) === undefined) await startEnrolment(client, node);
    else await awaitFreshQuote(db, ITSELF, node);
  }
  await awaitFreshCheck(db, ITSELF, { baseline: PROTECTED, node });
}

async function startEnrolment(client: Client, node: string): Promise<void> {
  await client.workflow.start('nodeEnrolment', {
    workflowId: `enrol/${node}`,
    taskQueue: CONTROL_QUEUE,
    args: [{ schema: 1, node }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
}
