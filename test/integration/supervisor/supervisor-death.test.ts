import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { identityOf, isRunning } from '../../../script/supervisor/process-identity.ts';
import { startStack, type StackOptions } from '../../../script/supervisor/stack.ts';
import { freeStackPorts } from '../../support/free-ports.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';

const supervisor = fileURLToPath(new URL('../../support/stand-ins/supervisor.ts', import.meta.url));

async function startElsewhere(options: StackOptions): Promise<{ process: ChildProcess; pids: Record<string, number> }> {
  const child = spawn(process.execPath, [supervisor, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { process: child, pids: JSON.parse(line.toString()) as Record<string, number> };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('a supervisor killed with SIGKILL', () => {
  const worker = { name: 'worker', entry: 'test/support/stand-ins/worker.ts', needs: ['postgres'] };

  async function options(): Promise<StackOptions> {
    return {
      stateRoot: temporaryStateRoot(),
      ports: await freeStackPorts(),
      nodeProcesses: [worker],
      env: { INTERLOCK_LOOPBACK_TRUST: '1' },
      readyTimeoutMs: 150_000,
    };
  }

  it('takes its processes with it, and the next start goes on with the same data', async () => {
    const given = await options();
    const first = await startElsewhere(given);
    expect(Object.keys(first.pids)).toEqual(['postgres', 'temporal', 'swtpm', 'worker']);
    const identities = Object.values(first.pids).map((pid) => identityOf(pid)!);
    await kill(first.process);
    await expect.poll(() => identities.filter(isRunning), { timeout: 60_000 }).toEqual([]);

    const stack = await startStack(given);
    expect(Object.keys(stack.pids)).toEqual(['postgres', 'temporal', 'swtpm', 'worker']);
    await stack.stop();
  });

  it('together with everything it started is no obstacle to the next start', async () => {
    const given = await options();
    const first = await startElsewhere(given);
    for (const pid of Object.values(first.pids)) process.kill(pid, 'SIGSTOP');
    await kill(first.process);
    const stack = await startStack(given);
    for (const pid of Object.values(first.pids)) expect(identityOf(pid)).toBeUndefined();
    await stack.stop();
  });
});
