import type { Place } from './addresses.ts';
import type { PortClaim } from './ports.ts';

/** The ports the named processes will listen on. */
export function portClaims({ bind, ports }: Place, starts: (name: string) => boolean): PortClaim[] {
  const local = '127.0.0.1';
  const claims: Record<string, PortClaim[]> = {
    postgres: [{ host: local, port: ports.postgres, variable: 'INTERLOCK_POSTGRES_PORT' }],
    temporal: [
      { host: local, port: ports.temporal, variable: 'INTERLOCK_TEMPORAL_PORT' },
      { host: local, port: ports.temporalUi, variable: 'INTERLOCK_TEMPORAL_UI_PORT' },
    ],
    swtpm: [
      { host: local, port: ports.tpm, variable: 'INTERLOCK_TPM_PORT' },
      { host: local, port: ports.tpm + 1, variable: 'INTERLOCK_TPM_PORT' },
    ],
    api: [
      { host: bind, port: ports.api, variable: 'INTERLOCK_PORT' },
      { host: bind, port: ports.attestation, variable: 'INTERLOCK_ATTESTATION_PORT' },
      { host: bind, port: ports.integrity, variable: 'INTERLOCK_INTEGRITY_PORT' },
    ],
  };
  return Object.entries(claims).flatMap(([name, ports]) => (starts(name) ? ports : []));
}
