import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '../../script/supervisor/stack.ts';
import type { Stack, StackOptions } from '../../script/supervisor/stack.ts';
import { freeStackPorts } from './free-ports.ts';
import { removeTree } from './remove-tree.ts';

export interface TestStack {
  stack: Stack;
  stateRoot: string;
  /** Runs a shell command with `$API`, `$ATTESTATION` and `$INTEGRITY` set; returns its standard output, trimmed. */
  sh: (command: string, env?: Record<string, string>) => Promise<string>;
  close: () => Promise<void>;
}

/** The whole of Interlock on free ports and a data folder of its own, as `./script/server` runs it. */
export async function testStack(options: Partial<StackOptions> = {}): Promise<TestStack> {
  const stateRoot = options.stateRoot ?? mkdtempSync(join(tmpdir(), 'interlock-'));
  const ports = options.ports ?? (await freeStackPorts());
  const env = { INTERLOCK_ENV: 'embedded', INTERLOCK_LOOPBACK_TRUST: '1', ...options.env };
  const stack = await startStack({ readyTimeoutMs: 180_000, ...options, env, stateRoot, ports });
  return {
    stack,
    stateRoot,
    sh: (command, extra = {}) => shell(command, { HOME: stateRoot, ...addresses(stack, ports.tpm), ...extra }),
    close: async () => {
      await stack.stop();
      removeTree(stateRoot);
    },
  };
}

const addresses = ({ urls }: Stack, tpm: number): Record<string, string> => ({
  API: urls.api,
  ATTESTATION: urls.attestation,
  INTEGRITY: urls.integrity,
  TPM2TOOLS_TCTI: `swtpm:host=127.0.0.1,port=${tpm}`,
});

function shell(command: string, env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 120_000 };
    execFile('bash', ['-euo', 'pipefail', '-c', command], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command}\n${stdout}${stderr}`, { cause: error }));
      else resolve(stdout.trim());
    });
  });
}
