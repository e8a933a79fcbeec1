import type { Environment } from '../../config/read-variables.ts';
import type { Place } from './addresses.ts';
import { postgresServer } from './postgres.ts';
import type { ProcessSpec } from './supervised-process.ts';
import { temporalServer } from './temporal.ts';
import { softwareTpm } from './tpm.ts';

/** The servers Interlock stands on, in the order they are started; those not in `embedded` run elsewhere. */
export function embeddedServers(
  embedded: ReadonlySet<string>,
  { stateRoot, bind, ports }: Place,
  environment: Environment,
  report: (line: string) => void,
): ProcessSpec[] {
  const cli = environment.INTERLOCK_TEMPORAL_CLI ?? 'temporal';
  const codecUrl = `http://${bind.includes(':') ? `[${bind}]` : bind}:${ports.api}/v1/codec`;
  const servers: Record<string, () => ProcessSpec> = {
    postgres: () => postgresServer({ stateRoot, port: ports.postgres, report }),
    temporal: () => temporalServer({ stateRoot, port: ports.temporal, uiPort: ports.temporalUi, codecUrl, cli }),
    swtpm: () => softwareTpm({ stateRoot, port: ports.tpm, report }),
  };
  return Object.entries(servers).flatMap(([name, spec]) => (embedded.has(name) ? [spec()] : []));
}
