import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { EnrolmentActivities, EnrolmentHostActivities } from '../activities/enrolment/types.ts';
import { ATTESTER, HOST_KEYS, RECORD } from './options.ts';

export const enrolments = proxyLocalActivities<EnrolmentActivities>(RECORD);

/** The keys of a host whose TPM is being enrolled. */
export function hostKeys(node: string): EnrolmentHostActivities {
  const taskQueue = `attester/${node}`;
  const { describeKeys } = proxyActivities<EnrolmentHostActivities>({ ...HOST_KEYS, taskQueue });
  const { proveCredential } = proxyActivities<EnrolmentHostActivities>({ ...ATTESTER, taskQueue });
  return { describeKeys, proveCredential };
}
