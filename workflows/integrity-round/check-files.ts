import { proxyActivities, uuid4 } from '@temporalio/workflow';
import type { AttesterActivities } from '../../activities/types.ts';
import type { Watched } from '../../activities/enrolment/types.ts';
import { rounds } from '../enrolment-record.ts';
import { failureCode } from '../failure-code.ts';
import { HOST_KEYS } from '../options.ts';

/** Files that cannot be observed are not what the baseline says: they count as a difference, not as silence. */
const UNOBSERVABLE: readonly string[] = ['file_unreadable', 'observation_too_large'];

/** What a host says its protected files are; of any shape. */
export async function observe(node: string, baseline: string): Promise<unknown> {
  const host = proxyActivities<AttesterActivities>({ ...HOST_KEYS, taskQueue: `attester/${node}` });
  try {
    return await host.observeFiles(baseline);
  } catch (error) {
    const code = failureCode(error, 'attester_unreachable');
    if (UNOBSERVABLE.includes(code)) return { refused: code };
    throw error;
  }
}

/** Compares observed files with the baseline in force; a difference has become an incident when this returns. */
export const checkFiles = (baseline: string, observed: unknown): Promise<Watched> =>
  rounds.recordCheck({ check_id: uuid4(), baseline, observed });
