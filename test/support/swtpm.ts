import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from './free-ports.ts';

const upWithinMs = 60_000;

/** A software TPM of its own: state, certificate authority and ports are nobody else's. */
export interface Swtpm {
  /** For `openTpm` and `TPM2TOOLS_TCTI`. */
  readonly tcti: string;
  readonly port: number;
  /** Holds `issuercert.pem` and `swtpm-localca-rootca-cert.pem`, the chain of the EK certificate. */
  readonly caDir: string;
  /** kill -9: what is not in NV memory is gone. */
  kill(): Promise<void>;
  /** Starts again on the same state and ports after `kill`. */
  start(): Promise<void>;
  /** SIGSTOP: it takes connections and answers nothing. */
  freeze(): void;
  thaw(): void;
  /** Ends it and removes its state. */
  stop(): Promise<void>;
}

/** Makes a TPM with an RSA EK certificate and starts it. */
export async function startSwtpm(): Promise<Swtpm> {
  const root = await mkdtemp(join(tmpdir(), 'interlock-swtpm-'));
  const stateDir = join(root, 'state');
  const caDir = join(root, 'ca');
  try {
    await manufacture(root, stateDir, caDir);
    // The swtpm TCTI expects the control channel on the port after the data channel's.
    return await run({ root, stateDir, caDir, port: await freePorts(2) });
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw error;
  }
}

async function run(place: { root: string; stateDir: string; caDir: string; port: number }): Promise<Swtpm> {
  let child = await launch(place.stateDir, place.port);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return {
    tcti: `swtpm:host=127.0.0.1,port=${place.port}`,
    port: place.port,
    caDir: place.caDir,
    kill,
    async start() {
      child = await launch(place.stateDir, place.port);
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async stop() {
      await kill();
      await rm(place.root, { recursive: true, force: true });
    },
  };
}

async function manufacture(root: string, stateDir: string, caDir: string): Promise<void> {
  await mkdir(stateDir);
  await mkdir(caDir);
  const setup = join(root, 'swtpm_setup.conf');
  const ca = join(root, 'swtpm-localca.conf');
  const options = join(root, 'swtpm-localca.options');
  await writeFile(
    setup,
    [
      'create_certs_tool=swtpm_localca',
      `create_certs_tool_config=${ca}`,
      `create_certs_tool_options=${options}`,
      'active_pcr_banks=sha256',
      '',
    ].join('\n'),
  );
  await writeFile(
    ca,
    [
      `statedir=${caDir}`,
      `signingkey=${join(caDir, 'signkey.pem')}`,
      `issuercert=${join(caDir, 'issuercert.pem')}`,
      `certserial=${join(caDir, 'certserial')}`,
      '',
    ].join('\n'),
  );
  await writeFile(options, '--platform-manufacturer Interlock\n--platform-version 1\n--platform-model test\n');
  const child = spawn('swtpm_setup', ['--tpm2', '--tpmstate', stateDir, '--create-ek-cert', '--config', setup]);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`swtpm_setup failed:\n${output}`);
}

async function launch(stateDir: string, port: number): Promise<ChildProcess> {
  const child = spawn(
    'swtpm',
    [
      ...['socket', '--tpm2', '--tpmstate', `dir=${stateDir}`],
      ...['--server', `type=tcp,port=${port},bindaddr=127.0.0.1`],
      ...['--ctrl', `type=tcp,port=${port + 1},bindaddr=127.0.0.1`],
      ...['--flags', 'not-need-init,startup-clear'],
    ],
    { stdio: 'ignore' },
  );
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  const deadline = Date.now() + upWithinMs;
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`swtpm ended with ${child.exitCode} on port ${port}`);
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`swtpm is not up on port ${port}`);
    }
    await sleep(10);
  }
  return child;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
