import type { Environment } from '../../config/read-variables.ts';
import { postgresUrl } from './postgres.ts';
import type { Ports } from './settings.ts';
import { ekRootsFile } from './tpm.ts';

export type Place = { stateRoot: string; bind: string; ports: Ports };

export type StackUrls = Readonly<{
  api: string;
  attestation: string;
  integrity: string;
  temporalUi: string;
  /** With the password of the role `interlock`. */
  database: string;
  /** `host:port` */
  temporal: string;
}>;

/** Names of the embedded servers a stack starts: those that are wanted and whose address the environment does not give. */
export function embeddedNames(environment: Environment, wanted: (name: string) => boolean): ReadonlySet<string> {
  const given = [
    ['postgres', 'INTERLOCK_DATABASE_URL'],
    ['temporal', 'INTERLOCK_TEMPORAL_ADDRESS'],
    ['swtpm', 'INTERLOCK_TPM_TCTI'],
  ] as const;
  return new Set(given.filter(([name, variable]) => wanted(name) && !environment[variable]).map(([name]) => name));
}

/** What the Node processes of a stack get to read, and tests that speak with its servers. */
export function stackEnvironment(
  environment: Environment,
  { stateRoot, bind, ports }: Place,
  embedded: ReadonlySet<string>,
): NodeJS.ProcessEnv {
  return {
    INTERLOCK_ENV: 'embedded',
    ...environment,
    INTERLOCK_STATE_ROOT: stateRoot,
    INTERLOCK_BIND: bind,
    INTERLOCK_PORT: String(ports.api),
    INTERLOCK_ATTESTATION_PORT: String(ports.attestation),
    INTERLOCK_INTEGRITY_PORT: String(ports.integrity),
    ...(embedded.has('postgres') && { INTERLOCK_DATABASE_URL: postgresUrl(stateRoot, ports.postgres) }),
    ...(embedded.has('temporal') && {
      INTERLOCK_TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}`,
      INTERLOCK_CONSOLE_ORIGINS: ['127.0.0.1', 'localhost'].map((name) => `http://${name}:${ports.temporalUi}`).join(),
    }),
    ...(embedded.has('swtpm') && {
      INTERLOCK_TPM_TCTI: `swtpm:host=127.0.0.1,port=${ports.tpm}`,
      INTERLOCK_EK_ROOTS_FILE: environment.INTERLOCK_EK_ROOTS_FILE ?? ekRootsFile(stateRoot),
    }),
  };
}

export function stackUrls({ bind, ports }: Place, env: NodeJS.ProcessEnv): StackUrls {
  const host = bind.includes(':') ? `[${bind}]` : bind;
  return {
    api: `http://${host}:${ports.api}`,
    attestation: `http://${host}:${ports.attestation}`,
    integrity: `http://${host}:${ports.integrity}`,
    temporalUi: `http://127.0.0.1:${ports.temporalUi}`,
    database: env.INTERLOCK_DATABASE_URL ?? '',
    temporal: env.INTERLOCK_TEMPORAL_ADDRESS ?? '',
  };
}
