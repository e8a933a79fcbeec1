// Seconds from calling ./script/server to its being ready, on the data of an earlier start; and that first start's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freeStackPorts } from '../test/support/free-ports.ts';
import { summary } from './statistics.ts';
import { removeTree } from '../test/support/remove-tree.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);

const server = fileURLToPath(new URL('../script/server', import.meta.url));
const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
const ports = await freeStackPorts();
const env = {
  ...process.env,
  INTERLOCK_STATE_ROOT: stateRoot,
  INTERLOCK_PORT: String(ports.api),
  INTERLOCK_ATTESTATION_PORT: String(ports.attestation),
  INTERLOCK_INTEGRITY_PORT: String(ports.integrity),
  INTERLOCK_POSTGRES_PORT: String(ports.postgres),
  INTERLOCK_TEMPORAL_PORT: String(ports.temporal),
  INTERLOCK_TEMPORAL_UI_PORT: String(ports.temporalUi),
  INTERLOCK_TPM_PORT: String(ports.tpm),
};

/** Starts it, waits until it says that it is ready and that both state ports say `trusted`, and stops it by Ctrl-C. */
async function start(): Promise<number> {
  const from = performance.now();
  const child = spawn(server, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  let readyAt: number | undefined;
  let trusted = 0;
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('Interlock is ready')) readyAt = performance.now();
    if (/\/api\/v1\/state\s+trusted$/.test(line)) trusted += 1;
    if (line === 'Ctrl-C stops it.') child.kill('SIGINT');
  }
  const [code] = await exited;
  if (readyAt === undefined || trusted !== 2 || code !== 0)
    throw new Error(
      `./script/server ended with ${code}, ready: ${readyAt !== undefined}, ${trusted} of 2 trusted\n${said}`,
    );
  return (readyAt - from) / 1000;
}

try {
  const first = await start();
  const seconds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) seconds.push(await start());
  console.log(`first start: ${first.toFixed(2)} s`);
  console.log(`warm start: ${summary(seconds, 2)} s`);
} finally {
  removeTree(stateRoot);
}
