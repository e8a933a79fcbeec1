import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, type ProcessIdentity } from './process-identity.ts';

/** Sends the signals in turn, each with its patience in milliseconds, until the process is gone. */
export async function endProcess(
  identity: ProcessIdentity,
  steps: readonly (readonly [NodeJS.Signals, number])[],
): Promise<void> {
  for (const [signal, patienceMs] of steps) {
    const deadline = performance.now() + patienceMs;
    if (!isRunning(identity)) return;
    try {
      process.kill(identity.pid, signal);
    } catch {
      return;
    }
    while (performance.now() < deadline) {
      if (!isRunning(identity)) return;
      await sleep(10);
    }
  }
}
