// An upstream is ready when it was asked a short while ago and answered as expected; what nobody asked is not ready.

export const READINESS_EVERY_MS = 30_000;
/** Three rounds: later than this nobody is asking any more. */
export const STALE_AFTER_MS = 90_000;

/** The last readiness of one upstream as it is on record. */
export interface ReadinessRow {
  name: string;
  is_default: boolean;
  ok: boolean | null;
  code: string | null;
  since: string | null;
  checked_at: string | null;
}

export interface Route {
  name: string;
  default: boolean;
  ok: boolean;
  /** `unchecked` before the first answer, `stale` when nobody asked for a while. */
  code: string | null;
  since: string | null;
  checked_at: string | null;
}

export interface ProviderReadiness {
  active_route_ready: boolean | null;
  /** Since when the default one has not been ready, null while it is. */
  active_route_error_since: string | null;
  error_route_count: number;
  routes: Route[];
}

/** What the rows say at `now` (RFC 3339). `active_route_ready` is null where no entry is the default one. */
export function providerReadiness(rows: readonly ReadinessRow[], now: string): ProviderReadiness {
  const routes = rows.map((row) => routeOf(row, now));
  const active = routes.find((route) => route.default);
  return {
    active_route_ready: active?.ok ?? null,
    active_route_error_since: active === undefined || active.ok ? null : active.since,
    error_route_count: routes.filter((route) => !route.ok).length,
    routes,
  };
}

function routeOf({ name, is_default, ok, code, since, checked_at }: ReadinessRow, now: string): Route {
  const route = { name, default: is_default, checked_at };
  if (ok === null || checked_at === null) return { ...route, ok: false, code: 'unchecked', since };
  const stale = Date.parse(now) - Date.parse(checked_at) > STALE_AFTER_MS;
  return stale ? { ...route, ok: false, code: 'stale', since: ok ? checked_at : since } : { ...route, ok, code, since };
}
