import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { readdirSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startStack, type StackOptions } from '../../../script/supervisor/stack.ts';
import { freeStackPorts } from '../../support/free-ports.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';

const worker = { name: 'worker', entry: 'test/support/stand-ins/worker.ts', needs: [] };

async function options(extra: Partial<StackOptions> = {}): Promise<StackOptions> {
  return { stateRoot: temporaryStateRoot(), ports: await freeStackPorts(), only: ['swtpm'], ...extra };
}

describe('a start is refused', () => {
  it('on a state root another supervisor holds, naming its pid', async () => {
    const given = await options();
    const stack = await startStack(given);
    await expect(startStack({ ...given, ports: await freeStackPorts() })).rejects.toMatchObject({
      code: 'held',
      message: `${given.stateRoot} is in use by process ${process.pid}`,
    });
    await stack.stop();
    await (await startStack(given)).stop();
  });

  it('on a taken port, naming it and its variable', async () => {
    const given = await options();
    const other = createServer().listen(given.ports.tpm + 1, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    await expect(startStack(given)).rejects.toMatchObject({
      code: 'port_taken',
      message: `port ${port} on 127.0.0.1 is taken; INTERLOCK_TPM_PORT names another`,
    });
    expect(readdirSync(given.stateRoot)).not.toContain('lock');
  });

  it('for an environment its processes would refuse', async () => {
    const env = { INTERLOCK_DATABASE_URL: 'postgres://127.0.0.1/x', INTERLOCK_TEMPORAL_ADDRESS: '127.0.0.1:1' };
    const given = await options({ only: ['worker'], nodeProcesses: [worker], env });
    await expect(startStack(given)).rejects.toMatchObject({ code: 'refused', variable: 'INTERLOCK_TOKENS_FILE' });
  });

  it('when it is not ready in time, and leaves nothing behind', async () => {
    const failing = { ...worker, entry: 'test/support/stand-ins/failing.ts' };
    const lines: string[] = [];
    const given = await options({
      only: ['postgres', 'worker'],
      nodeProcesses: [failing],
      env: { INTERLOCK_TEMPORAL_ADDRESS: '127.0.0.1:1', INTERLOCK_LOOPBACK_TRUST: '1' },
      readyTimeoutMs: 20_000,
      report: (line) => lines.push(line),
    });
    await expect(startStack(given)).rejects.toMatchObject({ code: 'not_ready' });
    expect(lines.filter((line) => line.startsWith('worker ended (exit code 3;')).length).toBeGreaterThan(1);
    expect(readdirSync(given.stateRoot)).not.toContain('lock');
    expect(readdirSync(`${given.stateRoot}/run`)).toEqual([]);
  });
});
