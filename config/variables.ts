import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import {
  address,
  bind,
  count,
  flag,
  hosts,
  issuer,
  masterKey,
  node,
  origins,
  path,
  port,
  postgresUrl,
  seconds,
  serverUrl,
} from './fields.ts';

const containmentFile = fileURLToPath(new URL('policy/containment.yaml', import.meta.url));

/** What the server processes read, by variable. A field without default or `optional` must be set. */
export const variables = {
  INTERLOCK_DATABASE_URL: postgresUrl,
  INTERLOCK_TEMPORAL_ADDRESS: address,
  INTERLOCK_TEMPORAL_NAMESPACE: z.string().default('default'),
  INTERLOCK_BIND: bind.default('127.0.0.1'),
  INTERLOCK_PORT: port.default(8515),
  INTERLOCK_URL: serverUrl.optional(),
  INTERLOCK_ATTESTATION_PORT: port.default(8505),
  INTERLOCK_INTEGRITY_PORT: port.default(8510),
  INTERLOCK_STATE_ROOT: path,
  INTERLOCK_ENV: z.enum(['embedded', 'production']),
  INTERLOCK_LOOPBACK_TRUST: flag.optional(),
  INTERLOCK_AUTH_MODE: z.enum(['bearer', 'loopback']).optional(),
  INTERLOCK_TOKENS_FILE: path.optional(),
  INTERLOCK_ADMIN_TOKEN_FILE: path.optional(),
  INTERLOCK_READONLY_TOKEN_FILE: path.optional(),
  INTERLOCK_ADAPTER_COMMANDS_FILE: path.optional(),
  INTERLOCK_HOOKS_FILE: path.optional(),
  INTERLOCK_CONTAINMENT_FILE: path.default(containmentFile),
  INTERLOCK_UPSTREAMS_FILE: path.optional(),
  INTERLOCK_NODE: node.default('local'),
  INTERLOCK_TPM_TCTI: z.string().optional(),
  INTERLOCK_TPM_ADDON: path.optional(),
  INTERLOCK_EK_ROOTS_FILE: path.optional(),
  INTERLOCK_PROTECTED_PATH: path.optional(),
  INTERLOCK_BLOB_ROOT: path.optional(),
  INTERLOCK_ANCHOR_INTERVAL: seconds.default(300),
  INTERLOCK_RELAY_WINDOW: count.default(200),
  INTERLOCK_WATCH_INTERVAL: seconds.default(30),
  INTERLOCK_SIGNALS: z.enum(['unsigned', 'signed']).optional(),
  INTERLOCK_FORENSIC_KEY_FILE: path.optional(),
  INTERLOCK_PAYLOAD_KEYS_FILE: path.optional(),
  INTERLOCK_MASTER_KEY: masterKey.optional(),
  INTERLOCK_MASTER_KEY_FILE: path.optional(),
  INTERLOCK_LEDGER_PUBLIC: flag.default(false),
  INTERLOCK_ALLOWED_HOSTS: hosts.default([]),
  INTERLOCK_CORS_ORIGINS: origins.default([]),
  INTERLOCK_OIDC_ISSUER: issuer.optional(),
  INTERLOCK_OIDC_AUDIENCE: z.string().max(512).optional(),
  INTERLOCK_OIDC_CLAIMS_FILE: path.optional(),
} as const;

/** Names that belong to the scripts and the embedded servers they start: known, and nothing to a server process. */
export const scriptVariables: readonly string[] = [
  'INTERLOCK_CACHE',
  'INTERLOCK_TEMPORAL_CLI',
  'INTERLOCK_SUMDB_VERIFY',
  'INTERLOCK_POSTGRES_PORT',
  'INTERLOCK_TEMPORAL_PORT',
  'INTERLOCK_TEMPORAL_UI_PORT',
  'INTERLOCK_TPM_PORT',
];
