import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { DeliveryEgressActivities, DeliveryRecordActivities } from '../../activities/deliveries/types.ts';
import { EGRESS, RECORD } from '../options.ts';

export const { lookAfterDelivery } = proxyLocalActivities<DeliveryRecordActivities>(RECORD);
export const egress = proxyActivities<DeliveryEgressActivities>(EGRESS);
