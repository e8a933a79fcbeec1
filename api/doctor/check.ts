import type { NamedCheck } from '../../domain/doctor/finding.ts';
import type { ApiDeps } from '../deps.ts';
import type { Call } from '../route.ts';

/** One file of the folder `checks`: what it looks at on the server's side. */
export type DoctorCheck = NamedCheck<[deps: ApiDeps, call: Call]>;
