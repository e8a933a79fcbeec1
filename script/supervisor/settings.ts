import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bind, path, port } from '../../config/fields.ts';
import { readVariables, refuseStrayVariables, type Environment } from '../../config/read-variables.ts';

export const repository = fileURLToPath(new URL('../..', import.meta.url));

const variables = {
  INTERLOCK_STATE_ROOT: path.default(join(repository, '.interlock')),
  INTERLOCK_BIND: bind.default('127.0.0.1'),
  INTERLOCK_PORT: port.default(8515),
  INTERLOCK_ATTESTATION_PORT: port.default(8505),
  INTERLOCK_INTEGRITY_PORT: port.default(8510),
  INTERLOCK_POSTGRES_PORT: port.default(5515),
  INTERLOCK_TEMPORAL_PORT: port.default(7233),
  INTERLOCK_TEMPORAL_UI_PORT: port.default(8233),
  INTERLOCK_TPM_PORT: port.default(2321),
} as const;

/** `tpm` is the TPM's command port; its control port is the next one. */
export type Ports = Readonly<{
  api: number;
  attestation: number;
  integrity: number;
  postgres: number;
  temporal: number;
  temporalUi: number;
  tpm: number;
}>;

export type Settings = Readonly<{
  stateRoot: string;
  bind: string;
  ports: Ports;
  /** What the Node processes inherit; the addresses of servers that are not embedded come from here. */
  environment: Environment;
}>;

/** @throws ConfigError as `readEnv` does, for what the supervisor itself reads */
export function readSettings(environment: Environment = process.env): Settings {
  refuseStrayVariables(environment);
  const read = readVariables(variables, environment);
  return {
    stateRoot: resolve(read.INTERLOCK_STATE_ROOT),
    bind: read.INTERLOCK_BIND,
    ports: {
      api: read.INTERLOCK_PORT,
      attestation: read.INTERLOCK_ATTESTATION_PORT,
      integrity: read.INTERLOCK_INTEGRITY_PORT,
      postgres: read.INTERLOCK_POSTGRES_PORT,
      temporal: read.INTERLOCK_TEMPORAL_PORT,
      temporalUi: read.INTERLOCK_TEMPORAL_UI_PORT,
      tpm: read.INTERLOCK_TPM_PORT,
    },
    environment,
  };
}
