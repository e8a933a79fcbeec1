import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '../../script/supervisor/stack.ts';
import type { Stack, StackOptions } from '../../script/supervisor/stack.ts';
import { freePort } from './postgres-server.ts';

export interface TestStack {
  stack: Stack;
  stateRoot: string;
  /** Runs a shell command with `$API`, `$ATTESTATION` and `$INTEGRITY` set; returns its standard output, trimmed. */
  sh: (command: string, env?: Record<string, string>) => Promise<string>;
  close: () => Promise<void>;
}

/** Two neighbouring ports: swtpm's control port is the one after its command port. */
async function freePair(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port < 65_000 && (await isFree(port + 1))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The whole of Interlock on free ports and a data folder of its own, as `./script/server` runs it. */
export async function testStack(options: Partial<StackOptions> = {}): Promise<TestStack> {
  const stateRoot = options.stateRoot ?? mkdtempSync(join(tmpdir(), 'interlock-'));
  const ports = options.ports ?? {
    api: await freePort(),
    attestation: await freePort(),
    integrity: await freePort(),
    postgres: await freePort(),
    temporal: await freePort(),
    temporalUi: await freePort(),
    tpm: await freePair(),
  };
  const env = { INTERLOCK_ENV: 'embedded', INTERLOCK_LOOPBACK_TRUST: '1', ...options.env };
  const stack = await startStack({ readyTimeoutMs: 90_000, ...options, env, stateRoot, ports });
  return {
    stack,
    stateRoot,
    sh: (command, extra = {}) => shell(command, { ...addresses(stack, ports.tpm), ...extra }),
    close: async () => {
      await stack.stop();
      rmSync(stateRoot, { recursive: true, force: true });
    },
  };
}

const addresses = ({ urls }: Stack, tpm: number): Record<string, string> => ({
  API: urls.api,
  ATTESTATION: urls.attestation,
  INTEGRITY: urls.integrity,
  TPM2TOOLS_TCTI: `swtpm:host=127.0.0.1,port=${tpm}`,
});

async function shell(command: string, env: Record<string, string>): Promise<string> {
  const { execFile } = await import('node:child_process');
  return new Promise((resolve, reject) => {
    const options = { env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 60_000 };
    execFile('bash', ['-euo', 'pipefail', '-c', command], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command}\n${stdout}${stderr}`, { cause: error }));
      else resolve(stdout.trim());
    });
  });
}
