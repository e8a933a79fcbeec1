import type { PayloadCodec } from '@temporalio/common';
import { TpmError } from '../native/tpm/index.ts';
import { Worker } from '@temporalio/worker';
import type { Env } from '../config/env.ts';
import { createAttesterActivities } from '../activities/create-attester-activities.ts';
import { createAnchorHostActivities } from '../activities/anchor/create-anchor-host-activities.ts';
import type { AnchorHostActivities } from '../activities/anchor/types.ts';
import { createHostActivities } from '../activities/enrolment/create-host-activities.ts';
import type { EnrolmentHostActivities } from '../activities/enrolment/types.ts';
import { withFailures } from '../activities/failures.ts';
import type { AttesterActivities } from '../activities/types.ts';
import { connectEngine } from './engine/connect.ts';
import { anchorTpm } from './attester/anchor-tpm.ts';
import { enrolmentTpm } from './attester/enrolment-tpm.ts';
import { observeFiles } from './attester/observe-files.ts';
import { TpmSession } from './attester/tpm-session.ts';
import type { Logger } from './log.ts';
import { makeProtectedFolder, PROTECTED } from './protected-folder.ts';

export type AttesterEnv = Pick<
  Env,
  'temporalAddress' | 'temporalNamespace' | 'node' | 'tpmTcti' | 'env' | 'protectedPath'
> & {
  /** How what it is told and what it answers is sealed. */
  payloadCodecs?: PayloadCodec[];
};

/** One quote at a time: the TPM takes no more. */
const SLOTS = 4;

/**
 * The attester process of one host: sole owner of its TPM, serving `attester/<node>` until `signal` aborts. A TPM that is
 * not there is said to be unavailable by each activity; one that comes back is used again.
 */
export async function runAttester(
  env: AttesterEnv,
  log: Logger,
  signal: AbortSignal,
  ready: () => void,
): Promise<void> {
  const tpm = env.tpmTcti === undefined ? undefined : new TpmSession(env.tpmTcti);
  if (env.env === 'embedded') makeProtectedFolder(env.protectedPath);
  try {
    const connection = await connectEngine(env, log, signal);
    try {
      const worker = await Worker.create({
        connection,
        namespace: env.temporalNamespace,
        taskQueue: `attester/${env.node}`,
        dataConverter: { payloadCodecs: env.payloadCodecs ?? [] },
        activities: withFailures(attesterActivities(env, tpm ?? noTpm), log),
        maxConcurrentActivityTaskExecutions: SLOTS,
        shutdownGraceTime: '5s',
        shutdownForceTime: '10s',
      });
      const running = worker.run();
      const stop = () => worker.getState() === 'RUNNING' && worker.shutdown();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      else ready();
      await running;
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await tpm?.close();
  }
}

const noTpm: Pick<TpmSession, 'use'> = {
  use: () => Promise.reject(new TpmError('tpm_unavailable', 'no TPM is configured')),
};

function attesterActivities(
  { node, protectedPath }: AttesterEnv,
  tpm: Pick<TpmSession, 'use'>,
): AttesterActivities & EnrolmentHostActivities & AnchorHostActivities {
  return {
    ...createAnchorHostActivities(node, anchorTpm(tpm)),
    ...createHostActivities(enrolmentTpm(tpm)),
    ...createAttesterActivities({
      node,
      quote: (nonce, indices) =>
        tpm.use((open) => open.quote({ qualifyingData: nonce, pcrs: { bank: 'sha256', indices } })),
      observe: async (baseline) => {
        if (baseline !== PROTECTED) throw new Error(`no folder is protected under the name ${baseline}`);
        return observeFiles(protectedPath);
      },
    }),
  };
}
