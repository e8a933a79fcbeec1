import { proxyLocalActivities } from '@temporalio/workflow';
import type { WatchActivities } from '../activities/watch/types.ts';
import { RECORD } from './options.ts';

/** The record of what is watched. */
export const watches = proxyLocalActivities<WatchActivities>(RECORD);
