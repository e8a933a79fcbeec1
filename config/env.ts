import { join } from 'node:path';
import { ConfigError } from './config-error.ts';
import { isLoopback } from './loopback.ts';
import type { MasterKey } from './master-key.ts';
import { readVariables, refuseStrayVariables, type Environment } from './read-variables.ts';
import { variables } from './variables.ts';

/** The configuration of a server process. Paths are absolute, addresses are `host:port`. */
export type Env = Readonly<{
  databaseUrl: string;
  temporalAddress: string;
  temporalNamespace: string;
  bind: string;
  port: number;
  attestationPort: number;
  integrityPort: number;
  stateRoot: string;
  env: 'embedded' | 'production';
  loopbackTrust: boolean;
  tokensFile: string | undefined;
  /** The reviewed list of commands that may run as adapters. */
  adapterCommandsFile: string | undefined;
  /** The reviewed set of outbound notifiers. */
  hooksFile: string | undefined;
  containmentFile: string;
  /** The name of this host as an attester. */
  node: string;
  tpmTcti: string | undefined;
  tpmAddon: string | undefined;
  ekRootsFile: string | undefined;
  /** The folder that the baseline `protected` is of. */
  protectedPath: string;
  /** Where blobs are kept as files. */
  blobRoot: string;
  /** At least this long between two anchors of the log. */
  anchorIntervalMs: number;
  relayWindow: number;
  /** Between two quotes of a node; protected files are checked half as often. */
  watchIntervalMs: number;
  signals: 'unsigned' | 'signed';
  /** Undefined: the one of the state root, which the embedded server makes. */
  forensicKeyFile: string | undefined;
  /** The key that wraps secrets, or the file that holds it; with neither the embedded server makes one. */
  masterKey: MasterKey | undefined;
  masterKeyFile: string | undefined;
  ledgerPublic: boolean;
  allowedHosts: readonly string[];
  corsOrigins: readonly string[];
}>;

/**
 * Parses `INTERLOCK_*` once; whoever needs a value is handed it.
 * @throws ConfigError `unknown`, `empty`, `missing`, `malformed`, or `refused` for combinations that would leave a door
 *   open: loopback trust on an address others can reach, no way to authenticate, unsigned signals without loopback trust; two master keys
 */
export function readEnv(environment: Environment = process.env): Env {
  refuseStrayVariables(environment);
  const read = readVariables(variables, environment);
  const loopbackTrust = read.INTERLOCK_LOOPBACK_TRUST;
  const env: Env = Object.freeze({
    databaseUrl: read.INTERLOCK_DATABASE_URL,
    temporalAddress: read.INTERLOCK_TEMPORAL_ADDRESS,
    temporalNamespace: read.INTERLOCK_TEMPORAL_NAMESPACE,
    bind: read.INTERLOCK_BIND,
    port: read.INTERLOCK_PORT,
    attestationPort: read.INTERLOCK_ATTESTATION_PORT,
    integrityPort: read.INTERLOCK_INTEGRITY_PORT,
    stateRoot: read.INTERLOCK_STATE_ROOT,
    env: read.INTERLOCK_ENV,
    loopbackTrust,
    tokensFile: read.INTERLOCK_TOKENS_FILE,
    adapterCommandsFile: read.INTERLOCK_ADAPTER_COMMANDS_FILE,
    hooksFile: read.INTERLOCK_HOOKS_FILE,
    containmentFile: read.INTERLOCK_CONTAINMENT_FILE,
    node: read.INTERLOCK_NODE,
    tpmTcti: read.INTERLOCK_TPM_TCTI,
    tpmAddon: read.INTERLOCK_TPM_ADDON,
    ekRootsFile: read.INTERLOCK_EK_ROOTS_FILE,
    protectedPath: read.INTERLOCK_PROTECTED_PATH ?? join(read.INTERLOCK_STATE_ROOT, 'protected'),
    blobRoot: read.INTERLOCK_BLOB_ROOT ?? join(read.INTERLOCK_STATE_ROOT, 'blobs'),
    anchorIntervalMs: read.INTERLOCK_ANCHOR_INTERVAL * 1000,
    relayWindow: read.INTERLOCK_RELAY_WINDOW,
    watchIntervalMs: read.INTERLOCK_WATCH_INTERVAL * 1000,
    signals: read.INTERLOCK_SIGNALS ?? (loopbackTrust ? 'unsigned' : 'signed'),
    forensicKeyFile: read.INTERLOCK_FORENSIC_KEY_FILE,
    masterKey: read.INTERLOCK_MASTER_KEY,
    masterKeyFile: read.INTERLOCK_MASTER_KEY_FILE,
    ledgerPublic: read.INTERLOCK_LEDGER_PUBLIC,
    allowedHosts: Object.freeze(read.INTERLOCK_ALLOWED_HOSTS),
    corsOrigins: Object.freeze(read.INTERLOCK_CORS_ORIGINS),
  });
  refuseOpenDoors(env);
  return env;
}

function refuseOpenDoors(env: Env): void {
  if (env.masterKey !== undefined && env.masterKeyFile !== undefined) {
    throw new ConfigError('refused', 'INTERLOCK_MASTER_KEY_FILE', 'and INTERLOCK_MASTER_KEY both name a key: give one');
  }
  if (env.loopbackTrust && !isLoopback(env.bind)) {
    throw new ConfigError('refused', 'INTERLOCK_LOOPBACK_TRUST', 'needs INTERLOCK_BIND to be a loopback address');
  }
  if (!env.loopbackTrust && env.tokensFile === undefined) {
    throw new ConfigError('refused', 'INTERLOCK_TOKENS_FILE', 'must be set: without it nobody can authenticate');
  }
  if (!env.loopbackTrust && env.signals === 'unsigned') {
    throw new ConfigError('refused', 'INTERLOCK_SIGNALS', 'may be unsigned only in loopback trust');
  }
}
