import { join } from 'node:path';
import { ConfigError } from './config-error.ts';
import { readOidc, refuseStrangeConsoles, refuseStrangeOrigins } from './door.ts';
import type { OidcEnv } from './door.ts';
import { isLoopback } from './loopback.ts';
import type { MasterKey } from './master-key.ts';
import { readVariables, refuseStrayVariables, type Environment } from './read-variables.ts';
import { readS3 } from './s3.ts';
import type { S3Env } from './s3.ts';
import { variables } from './variables.ts';

/** The configuration of a server process. Paths are absolute, addresses are `host:port`. */
export type Env = Readonly<{
  databaseUrl: string;
  temporalAddress: string;
  temporalNamespace: string;
  bind: string;
  port: number;
  /** Where the API answers, as the other processes reach it. */
  baseUrl: string;
  attestationPort: number;
  integrityPort: number;
  stateRoot: string;
  env: 'embedded' | 'production';
  loopbackTrust: boolean;
  /** Whether the start asked for bearer tokens by name: those of the record are a way in even where no file has any. */
  bearer: boolean;
  tokensFile: string | undefined;
  /** Each holds one raw token. */
  adminTokenFile: string | undefined;
  readonlyTokenFile: string | undefined;
  /** The reviewed list of commands that may run as adapters. */
  adapterCommandsFile: string | undefined;
  /** The reviewed set of outbound notifiers. */
  hooksFile: string | undefined;
  containmentFile: string;
  sloFile: string;
  /** Undefined: nothing outside is called with a credential. */
  upstreamsFile: string | undefined;
  /** The name of this host as an attester. */
  node: string;
  tpmTcti: string | undefined;
  tpmAddon: string | undefined;
  ekRootsFile: string | undefined;
  /** The folder that the baseline `protected` is of. */
  protectedPath: string;
  /** Where blobs are kept as files, unless they are kept in a bucket. */
  blobRoot: string;
  /** The bucket in which blobs are kept; undefined: they are files. */
  s3: S3Env | undefined;
  /** Bytes that a blob of the registry may have. */
  registryBlobLimit: number;
  /** The registry that exports are checked against; by default this instance's own. */
  registryUrl: string;
  /** How long a blob stays that no bundle refers to. */
  registryGraceMs: number;
  /** At least this long between two anchors of the log. */
  anchorIntervalMs: number;
  relayWindow: number;
  /** Between two quotes of a node; protected files are checked half as often. */
  watchIntervalMs: number;
  /** `advisory`: what governance would have blocked is recorded, and let go. Integrity and the gates block all the same. */
  governanceMode: 'enforce' | 'advisory';
  signals: 'unsigned' | 'signed';
  /** Undefined: the one of the state root, which the embedded server makes. */
  forensicKeyFile: string | undefined;
  /** The key that wraps secrets, or the file that holds it; with neither the embedded server makes one. */
  /** Undefined: the one of the state root, which the embedded server makes. */
  payloadKeysFile: string | undefined;
  masterKey: MasterKey | undefined;
  masterKeyFile: string | undefined;
  ledgerPublic: boolean;
  allowedHosts: readonly string[];
  corsOrigins: readonly string[];
  /** The origins of the engine's console. */
  consoleOrigins: readonly string[];
  oidc: OidcEnv | undefined;
}>;

/**
 * Parses `INTERLOCK_*` once; whoever needs a value is handed it.
 * @throws ConfigError `unknown`, `empty`, `missing`, `malformed`, or `refused` for combinations that would leave a door
 *   open: loopback trust on an address others can reach, no way to authenticate, unsigned signals without loopback trust; two master keys
 */
export function readEnv(environment: Environment = process.env): Env {
  refuseStrayVariables(environment);
  const read = readVariables(variables, environment);
  const mode = read.INTERLOCK_AUTH_MODE;
  const loopbackTrust = read.INTERLOCK_LOOPBACK_TRUST ?? mode === 'loopback';
  refuseTwoModes(mode, loopbackTrust);
  const baseUrl = read.INTERLOCK_URL ?? ownUrl(read.INTERLOCK_BIND, read.INTERLOCK_PORT);
  const env: Env = Object.freeze({
    databaseUrl: read.INTERLOCK_DATABASE_URL,
    temporalAddress: read.INTERLOCK_TEMPORAL_ADDRESS,
    temporalNamespace: read.INTERLOCK_TEMPORAL_NAMESPACE,
    bind: read.INTERLOCK_BIND,
    port: read.INTERLOCK_PORT,
    baseUrl,
    attestationPort: read.INTERLOCK_ATTESTATION_PORT,
    integrityPort: read.INTERLOCK_INTEGRITY_PORT,
    stateRoot: read.INTERLOCK_STATE_ROOT,
    env: read.INTERLOCK_ENV,
    loopbackTrust,
    bearer: mode === 'bearer',
    tokensFile: read.INTERLOCK_TOKENS_FILE,
    adminTokenFile: read.INTERLOCK_ADMIN_TOKEN_FILE,
    readonlyTokenFile: read.INTERLOCK_READONLY_TOKEN_FILE,
    adapterCommandsFile: read.INTERLOCK_ADAPTER_COMMANDS_FILE,
    hooksFile: read.INTERLOCK_HOOKS_FILE,
    containmentFile: read.INTERLOCK_CONTAINMENT_FILE,
    upstreamsFile: read.INTERLOCK_UPSTREAMS_FILE,
    sloFile: read.INTERLOCK_SLO_FILE,
    node: read.INTERLOCK_NODE,
    tpmTcti: read.INTERLOCK_TPM_TCTI,
    tpmAddon: read.INTERLOCK_TPM_ADDON,
    ekRootsFile: read.INTERLOCK_EK_ROOTS_FILE,
    protectedPath: read.INTERLOCK_PROTECTED_PATH ?? join(read.INTERLOCK_STATE_ROOT, 'protected'),
    blobRoot: read.INTERLOCK_BLOB_ROOT ?? join(read.INTERLOCK_STATE_ROOT, 'blobs'),
    s3: readS3(read, environment),
    registryBlobLimit: read.INTERLOCK_REGISTRY_BLOB_LIMIT * 1024 * 1024,
    registryUrl: read.INTERLOCK_REGISTRY_URL ?? baseUrl,
    registryGraceMs: read.INTERLOCK_REGISTRY_GRACE * 1000,
    anchorIntervalMs: read.INTERLOCK_ANCHOR_INTERVAL * 1000,
    relayWindow: read.INTERLOCK_RELAY_WINDOW,
    watchIntervalMs: read.INTERLOCK_WATCH_INTERVAL * 1000,
    governanceMode: read.INTERLOCK_GOVERNANCE_MODE,
    signals: read.INTERLOCK_SIGNALS ?? (loopbackTrust ? 'unsigned' : 'signed'),
    forensicKeyFile: read.INTERLOCK_FORENSIC_KEY_FILE,
    payloadKeysFile: read.INTERLOCK_PAYLOAD_KEYS_FILE,
    masterKey: read.INTERLOCK_MASTER_KEY,
    masterKeyFile: read.INTERLOCK_MASTER_KEY_FILE,
    ledgerPublic: read.INTERLOCK_LEDGER_PUBLIC,
    allowedHosts: Object.freeze(read.INTERLOCK_ALLOWED_HOSTS),
    corsOrigins: Object.freeze(read.INTERLOCK_CORS_ORIGINS),
    consoleOrigins: Object.freeze(read.INTERLOCK_CONSOLE_ORIGINS),
    oidc: readOidc(read),
  });
  refuseOpenDoors(env);
  return env;
}

/** Who listens everywhere also listens on loopback. */
function ownUrl(bind: string, port: number): string {
  const host = bind === '0.0.0.0' ? '127.0.0.1' : bind === '::' ? '::1' : bind;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function refuseTwoModes(mode: 'bearer' | 'loopback' | undefined, loopbackTrust: boolean): void {
  if (mode !== undefined && loopbackTrust !== (mode === 'loopback'))
    throw new ConfigError('refused', 'INTERLOCK_AUTH_MODE', 'says otherwise than INTERLOCK_LOOPBACK_TRUST');
}

function refuseOpenDoors(env: Env): void {
  if (env.masterKey !== undefined && env.masterKeyFile !== undefined) {
    throw new ConfigError('refused', 'INTERLOCK_MASTER_KEY_FILE', 'and INTERLOCK_MASTER_KEY both name a key: give one');
  }
  if (env.loopbackTrust && !isLoopback(env.bind)) {
    throw new ConfigError('refused', 'INTERLOCK_LOOPBACK_TRUST', 'needs INTERLOCK_BIND to be a loopback address');
  }
  refuseStrangeOrigins(env.corsOrigins, env.loopbackTrust);
  refuseStrangeConsoles(env.consoleOrigins);
  const { bearer, tokensFile, adminTokenFile, readonlyTokenFile } = env;
  if (!env.loopbackTrust && !bearer && (tokensFile ?? adminTokenFile ?? readonlyTokenFile) === undefined) {
    const instead = 'INTERLOCK_ADMIN_TOKEN_FILE, or INTERLOCK_AUTH_MODE=bearer for tokens of the record alone';
    throw new ConfigError('refused', 'INTERLOCK_TOKENS_FILE', `must be set, or ${instead}: nobody could authenticate`);
  }
  if (adminTokenFile !== undefined && adminTokenFile === readonlyTokenFile) {
    throw new ConfigError('refused', 'INTERLOCK_READONLY_TOKEN_FILE', 'names the file of the admin token');
  }
  if (!env.loopbackTrust && env.signals === 'unsigned') {
    throw new ConfigError('refused', 'INTERLOCK_SIGNALS', 'may be unsigned only in loopback trust');
  }
}
