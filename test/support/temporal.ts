import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporalServer } from '../../script/supervisor/temporal.ts';
import { freePorts } from './free-ports.ts';
import { removeTree } from './remove-tree.ts';

export interface TestTemporal {
  /** `host:port` */
  address: string;
  cli: string;
  /** kill -9; its data stays. */
  kill: () => Promise<void>;
  /** Starts it again on its data after `kill`. */
  start: () => Promise<void>;
  stop: () => Promise<void>;
}

/** A development server as the supervisor starts it, on free ports and a data folder of its own. */
export async function startTemporal(options: { dynamicConfig?: string[] } = {}): Promise<TestTemporal> {
  const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-temporal-'));
  const port = await freePorts(2);
  const cli = process.env['INTERLOCK_TEMPORAL_CLI'] ?? 'temporal';
  const spec = temporalServer({ stateRoot, port, uiPort: port + 1, cli });
  const more = (options.dynamicConfig ?? []).flatMap((value) => ['--dynamic-config-value', value]);
  let child: ChildProcess | undefined;

  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const stop = async () => {
    await kill();
    removeTree(stateRoot);
  };
  const start = async () => {
    const { file, args } = await spec.command();
    child = spawn(file, [...args, ...more], { stdio: 'ignore' });
    await once(child, 'spawn');
    const deadline = Date.now() + 120_000;
    while (!(await spec.isReady(() => ''))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error('the Temporal server did not start');
      await sleep(50);
    }
  };
  try {
    await spec.prepare?.();
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { address: `127.0.0.1:${port}`, cli, kill, start, stop };
}
