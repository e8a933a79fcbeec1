import { defineUpdate } from '@temporalio/workflow';
import type { Watched } from '../../activities/watch/types.ts';
import type { WatchEnvelope } from '../watch-desk.ts';

/** The one argument of `integrityWatch`; its id is `integrity/<baseline>`. `schema` numbers the shape for continue-as-new. */
export interface IntegrityWatchInput {
  schema: 1;
  baseline: string;
}

/** Makes the files as they are now the expected ones. Once per update id, whoever repeats it. */
export interface ApproveBaselineInput extends WatchEnvelope {
  reason: string;
  ticket?: string;
  /** Digest of what the approver has looked at. */
  reviewed?: string;
}

/** Checks the files now. A repeat is another check, which changes nothing that the next round would not. */
export const checkUpdate = defineUpdate<Watched, [object | undefined]>('check');
export const approveBaselineUpdate = defineUpdate<{ version: number }, [ApproveBaselineInput]>('approveBaseline');
