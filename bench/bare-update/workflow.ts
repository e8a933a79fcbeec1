import { condition, defineUpdate, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { echo } from './worker.ts';

const local = proxyLocalActivities<{ echo: typeof echo }>({ startToCloseTimeout: '3s' });

export const bareUpdate = defineUpdate<string, [string]>('bare');

/** Waits for ever and answers each update with what one local activity says. */
export async function bareProcess(): Promise<void> {
  setHandler(bareUpdate, (given) => local.echo(given));
  await condition(() => false);
}
