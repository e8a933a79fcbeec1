import { ADAPTER_NAME } from '../domain/adapter/definition.ts';
import type { AdapterStanding } from '../db/read/adapters.ts';
import { DomainError } from '../domain/problem/problem.ts';
import { invalidFields } from './fields.ts';
import type { Call } from './route.ts';

/** The adapter's name in a path, of an adapter to be found. Errors: adapter_not_found. */
export function adapterName({ params }: Call): string {
  const name = params['name'] ?? '';
  if (!ADAPTER_NAME.test(name)) throw new DomainError('adapter_not_found');
  return name;
}

/** As `adapterName`, of one to be registered. Errors: validation_failed. */
export function newAdapterName({ params }: Call): string {
  const name = params['name'] ?? '';
  return ADAPTER_NAME.test(name) ? name : invalidFields({ path: 'name', code: 'invalid_value' });
}

/** The run of a child that stands, or null; of its token nothing is shown. */
const childView = ({ lease_id, child_started_at, child_heartbeat_at, child_version, child_slots }: AdapterStanding) =>
  lease_id === null
    ? null
    : {
        lease_id,
        started_at: child_started_at,
        heartbeat_at: child_heartbeat_at,
        adapter_version: child_version,
        slots: child_slots,
      };

/** An adapter as its readers see it; secrets are shown by where they are. */
export const adapterView = (a: AdapterStanding) => ({
  adapter_id: a.adapter_id,
  name: a.name,
  mode: a.mode,
  ...(a.mode === 'external'
    ? { url: a.url, internal: a.internal }
    : { command: a.command, args: a.args, credential_slots: a.credential_slots, child: childView(a) }),
  actions: a.actions,
  ...(a.secret_ref === null
    ? {}
    : {
        secret: {
          ref: a.secret_ref,
          ...(a.previous_secret_ref === null ? {} : { previous_ref: a.previous_secret_ref }),
        },
      }),
  classes: a.classes,
  state: a.state,
  created_at: a.created_at,
  last_ack_at: a.last_ack_at,
  last_latency_ms: a.last_latency_ms,
  last_error: a.last_error,
  failing_since: a.failing_since,
  unacknowledged: a.due,
  unacknowledged_restores: a.due_restores,
  unacknowledged_since: a.due_since,
  ...(a.state === 'retired' ? { retired_at: a.retired_at, retired_by: a.retired_by } : {}),
});
