import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { runTool } from './run-tool.ts';
import type { ProcessSpec } from './supervised-process.ts';

/** A software TPM 2.0 for the embedded default. Its EK certificates chain to a CA of its own in `<state root>/tpm-ca`. */
export function softwareTpm(options: { stateRoot: string; port: number; report: (line: string) => void }): ProcessSpec {
  const state = join(options.stateRoot, 'tpm');
  const control = options.port + 1;
  return {
    name: 'swtpm',
    prepare: async () => {
      if (!existsSync(state)) {
        options.report('making a software TPM with its endorsement key (first start)…');
        await manufacture(options.stateRoot, state);
      }
      writeEkRoots(options.stateRoot);
    },
    command: () => ({
      file: 'swtpm',
      args: [
        ...['socket', '--tpm2', '--tpmstate', `dir=${state},mode=0600`],
        ...['--server', `type=tcp,port=${options.port},bindaddr=127.0.0.1`],
        // Clients of the swtpm TCTI expect the control channel on the next port.
        ...['--ctrl', `type=tcp,port=${control},bindaddr=127.0.0.1`],
        ...['--flags', 'not-need-init,startup-clear'],
      ],
      stopSignal: 'SIGTERM',
    }),
    isReady: () => accepts(control),
  };
}

async function manufacture(stateRoot: string, state: string): Promise<void> {
  const fresh = `${state}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  const config = localCertificateAuthority(join(stateRoot, 'tpm-ca'));
  const certificates = ['--create-ek-cert', '--create-platform-cert'];
  await runTool('swtpm_setup', ['--tpm2', '--config', config, '--tpmstate', fresh, ...certificates]);
  renameSync(fresh, state);
}

/** Where `INTERLOCK_EK_ROOTS_FILE` points in the embedded default. */
export const ekRootsFile = (stateRoot: string): string => join(stateRoot, 'tpm-ca', 'ek-roots.json');

/** The roots of the software TPM's own CA: whoever holds its key can make such TPMs, so they are simulated. */
function writeEkRoots(stateRoot: string): void {
  const certificate = (name: string) => readFileSync(join(stateRoot, 'tpm-ca', name), 'utf8');
  const pem = certificate('swtpm-localca-rootca-cert.pem') + certificate('issuercert.pem');
  const path = ekRootsFile(stateRoot);
  writeFileSync(`${path}.new`, `${JSON.stringify([{ name: 'swtpm-localca', trust: 'simulated', pem }], null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** The distribution's own configuration keeps its CA in /var/lib, where an ordinary user cannot write. */
function localCertificateAuthority(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const authority = join(directory, 'ca.conf');
  const options = join(directory, 'options');
  const setup = join(directory, 'setup.conf');
  const key = (name: string) => join(directory, name);
  writeFileSync(
    authority,
    `statedir = ${directory}
signingkey = ${key('signkey.pem')}
issuercert = ${key('issuercert.pem')}
certserial = ${key('certserial')}
`,
  );
  writeFileSync(options, '--platform-manufacturer Interlock\n--platform-version 2.0\n--platform-model embedded\n');
  writeFileSync(
    setup,
    `create_certs_tool = swtpm_localca
create_certs_tool_config = ${authority}
create_certs_tool_options = ${options}
active_pcr_banks = sha256
`,
  );
  return setup;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
