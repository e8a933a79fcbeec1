import type { NamedCheck } from '../../domain/doctor/finding.ts';
import type { Client } from '../client.ts';

export interface ClientCheckOptions {
  /** The browser origin that is to be let in; undefined: none is named. */
  corsOrigin: string | undefined;
}

/** One file of the folder `checks`: what only the client can look at, through whatever stands between it and the server. */
export type ClientCheck = NamedCheck<[client: Client, options: ClientCheckOptions]>;
