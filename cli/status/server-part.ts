import { GATES } from '../../domain/containment/types.ts';

type Value = string | number | boolean | null | undefined;
type Line = [string, Value];
type Json = Record<string, unknown>;

export const NOT_CONFIGURED = 'not configured';

/** The server's status as lines. A subsystem that is absent says so; nothing is made up for it. */
export function serverPart(status: Json): Line[] {
  const at = (path: string): Value => read(status, path) as Value;
  const of = (subsystem: string, path: string, say: (value: Value) => Value = (value) => value): Value =>
    at(`${subsystem}.configured`) === false ? NOT_CONFIGURED : say(at(`${subsystem}.${path}`));
  const line = (name: `blob_${string}`): Line => [name, at(name.replace('_', '.'))];
  return [
    ['server', 'reachable'],
    ['instance', at('instance')],
    ['version', at('version')],
    ['time', at('time')],
    ['schema', `${at('schema.version')} (${at('schema.version') === at('schema.head') ? 'head' : 'behind'})`],
    ['auth_mode', at('auth.mode')],
    ['auth_bind', at('auth.bind')],
    ['health', at('health.ok') === true ? 'ok' : `not ok${failing(status)}`],
    ...list(status, 'health.warnings').map((w): Line => ['warning', sentence([w['code'], since(w), w['detail']])]),
    ['storage', at('storage.ok') === true ? 'ok' : 'not ok'],
    ...list(status, 'storage.probes')
      .filter((probe) => probe['ok'] !== true)
      .map((probe): Line => ['storage_probe', `${text(probe['name'])} failed: ${text(probe['error'])}`]),
    ...GATES.map((gate): Line => [`gate_${gate}`, gateText(read(status, `gates.${gate}`) as Json | undefined)]),
    ['incidents_open', at('incidents.open')],
    ['incidents_contained', at('incidents.contained')],
    ['pending_recoveries', at('incidents.pending_recoveries')],
    ['oldest_pending_age', duration(at('incidents.oldest_pending_age_ms'))],
    ['attestation', sentence([at('attestation.state'), at('attestation.simulated') === true ? '(simulated)' : ''])],
    ['integrity', at('integrity.state')],
    ['ledger_size', of('ledger', 'size')],
    ['ledger_checkpoint_age', of('ledger', 'checkpoint_age_ms', duration)],
    ['ledger_anchor', of('ledger', 'anchor')],
    ['ledger_anchored_size', of('ledger', 'anchored_size')],
    ['ledger_halted', of('ledger', 'halted', yesNo)],
    ['ledger_origin', of('ledger', 'origin')],
    ['notifications_open', at('notifications.open')],
    ['containment_file', reviewedFile(read(status, 'files.containment') as Json | undefined, 'the policy in force')],
    ['upstreams_file', reviewedFile(read(status, 'files.upstreams') as Json | undefined, 'what is loaded')],
    ['registry_required', of('registry', 'required', yesNo)],
    ['registry_reachable', of('registry', 'reachable', yesNo)],
    ['blob_backend', of('blob', 'backend')],
    ...(at('blob.backend') === 's3' ? [line('blob_endpoint'), line('blob_credentials')] : []),
    ['blob_reachable', of('blob', 'reachable', yesNo)],
    ...(typeof at('blob.error') === 'string' ? [line('blob_error')] : []),
    ['governance_mode', of('governance', 'mode')],
    ['override', of('governance', 'mode', () => override(read(status, 'governance.override')))],
    ['policy_profile', of('policy', 'profile')],
    ['policy_lock', of('policy', 'lock', (lock) => (lock === true ? 'on' : 'off'))],
    ['policy_pinned', of('policy', 'pinned', yesNo)],
    ['active_route_ready', of('provider_readiness', 'active_route_ready', yesNo)],
    ['routes_in_error', of('provider_readiness', 'error_route_count')],
    ...list(status, 'provider_readiness.routes')
      .filter((route) => route['ok'] !== true)
      .map((route): Line => ['route', sentence([route['name'], route['code'], since(route)])]),
    ['runs_running', of('runs', 'running')],
    ['runs_queued', of('runs', 'queued')],
    ['waiting_for_approval', at('runs.waiting_for_approval')],
    ['waiting_for_user_question', at('runs.waiting_for_user_question')],
    ['deliveries_pending', of('delivery', 'pending')],
    ['deliveries_dead_lettered', of('delivery', 'unresolved_dead_lettered')],
    ['permission_mode', of('runtime', 'permission_mode')],
    ['debug_level', of('runtime', 'debug_level')],
    ['debug_until', of('runtime', 'debug_until')],
    ...list(status, 'slo')
      .filter((slo) => slo['level'] !== 'ok')
      .map((slo): Line => ['slo', sentence([slo['signal'], slo['level'], since(slo)])]),
  ];
}

const read = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((v, key) => (v as Json | null | undefined)?.[key], value);

const list = (status: Json, path: string): Json[] => (read(status, path) as Json[] | undefined) ?? [];
const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null));
const yesNo = (value: Value): Value =>
  value === null || value === undefined ? 'unknown' : value === true ? 'yes' : 'no';
const sentence = (parts: unknown[]): string => parts.filter((p) => p !== '' && p !== null && p !== undefined).join(' ');
const since = (of: Json): string => (typeof of['since'] === 'string' ? `since ${of['since']}` : '');

function failing(status: Json): string {
  const names = read(status, 'health.failing') as string[] | undefined;
  return names === undefined || names.length === 0 ? '' : `: ${names.join(', ')}`;
}

function gateText(gate: Json | undefined): string {
  if (gate === undefined) return 'unknown';
  if (gate['open'] === true) return 'open';
  const holds = (gate['holds'] as unknown[] | undefined) ?? [];
  const count = typeof gate['hold_count'] === 'number' ? gate['hold_count'] : holds.length;
  return `closed (${count} ${count === 1 ? 'hold' : 'holds'})`;
}

function reviewedFile(file: Json | undefined, ruling: string): string {
  if (file?.['configured'] !== true) return NOT_CONFIGURED;
  if (typeof file['error'] === 'string') return `unreadable (${file['error']}), ${ruling} stays`;
  return file['drift'] === true ? `differs from ${ruling}` : 'in force';
}

function override(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  const { ticket, expires_at } = value as Json;
  return `active ticket=${text(ticket)} expires=${text(expires_at)}`;
}

/** The two largest units. */
export function duration(ms: Value): string | null {
  if (typeof ms !== 'number') return null;
  const s = Math.floor(ms / 1000);
  const [d, h, m] = [Math.floor(s / 86_400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
  if (d > 0) return `${d} d ${h} h`;
  if (h > 0) return `${h} h ${m} min`;
  return m > 0 ? `${m} min ${s % 60} s` : `${s} s`;
}
