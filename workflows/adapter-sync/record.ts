import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { AdapterEgressActivities, AdapterRecordActivities } from '../../activities/adapters/types.ts';
import { EGRESS, RECORD } from '../options.ts';

export const { lookAfterAdapter } = proxyLocalActivities<AdapterRecordActivities>(RECORD);
export const egress = proxyActivities<AdapterEgressActivities>(EGRESS);
