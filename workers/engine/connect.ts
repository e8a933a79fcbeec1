import { NativeConnection } from '@temporalio/worker';
import type { Logger } from '../log.ts';
import { untilUp } from '../until-up.ts';

const ANSWERS_WITHIN_MS = 2_000;

export interface EngineAddress {
  temporalAddress: string;
  temporalNamespace: string;
}

/** A connection to an engine that answers and has the namespace; waits for both. */
export async function connectEngine(
  { temporalAddress: address, temporalNamespace: namespace }: EngineAddress,
  log: Logger,
  signal: AbortSignal,
): Promise<NativeConnection> {
  const connection = await untilUp('temporal', () => NativeConnection.connect({ address }), log, signal);
  const describe = () => connection.workflowService.describeNamespace({ namespace });
  await untilUp('temporal', () => connection.withDeadline(Date.now() + ANSWERS_WITHIN_MS, describe), log, signal);
  return connection;
}
