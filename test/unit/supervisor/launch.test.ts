import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { launch } from '../../../script/supervisor/launch.ts';
import { nodeProcesses, nodeServer } from '../../../script/supervisor/node-processes.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';

const KEY = '5e'.repeat(32);

it('no server and no attester is started with the master key', async () => {
  vi.stubEnv('INTERLOCK_MASTER_KEY', KEY);
  const path = join(temporaryStateRoot(), 'output');
  const output = openSync(path, 'w');
  try {
    await once(launch({ file: 'env', args: [], stopSignal: 'SIGTERM' }, output), 'close');
  } finally {
    closeSync(output);
    vi.unstubAllEnvs();
  }
  const said = readFileSync(path, 'utf8');
  expect(said).toContain('PATH=');
  expect(said).not.toContain(KEY);
  const given = await Promise.all(
    nodeProcesses.map(async (child) => [
      child.name,
      (await nodeServer(child, { INTERLOCK_MASTER_KEY: KEY }).command()).env?.INTERLOCK_MASTER_KEY === KEY,
    ]),
  );
  expect(given).toEqual([
    ['attester', false],
    ['control', true],
    ['api', true],
  ]);
});
