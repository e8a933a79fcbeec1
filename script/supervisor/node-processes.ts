import { resolve } from 'node:path';
import { withoutSecrets } from './launch.ts';
import { repository } from './settings.ts';
import type { ProcessSpec } from './supervised-process.ts';

/** Interlock's own processes: entry point, and what must be up before it starts. Stopped from the last to the first. */
export type NodeProcess = { name: string; entry: string; needs: readonly string[]; opensSecrets?: true };

export const nodeProcesses: readonly NodeProcess[] = [
  { name: 'attester', entry: 'workers/attester.ts', needs: ['postgres', 'temporal', 'swtpm'] },
  { name: 'control', entry: 'workers/control.ts', needs: ['postgres', 'temporal'], opensSecrets: true },
  { name: 'api', entry: 'api/server.ts', needs: ['postgres'], opensSecrets: true },
];

/** Ready when it has written a line with `"event":"….ready"`. */
export function nodeServer({ name, entry, opensSecrets }: NodeProcess, environment: NodeJS.ProcessEnv): ProcessSpec {
  return {
    name,
    command: () => ({
      file: process.execPath,
      args: [resolve(repository, entry)],
      env: opensSecrets === true ? environment : withoutSecrets(environment),
      cwd: repository,
      ipc: true,
      stopSignal: 'SIGTERM',
    }),
    isReady: (output) => /"event":"[\w.]*\bready"/.test(output()),
  };
}
