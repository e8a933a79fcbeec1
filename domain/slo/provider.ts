// The default upstream: unasked for some minutes warns, failing for some minutes pages.
import type { ProviderReadiness } from '../upstream/readiness.ts';
import { OK } from './limits.ts';
import type { SignalState, Thresholds } from './thresholds.ts';

const UNASKED: readonly (string | null)[] = ['stale', 'unchecked'];

/** What the readiness of the default upstream says at `now`; where none is the default one, nothing does. */
export function providerSignal(
  { routes }: Pick<ProviderReadiness, 'routes'>,
  { warn, page }: Thresholds['provider_readiness'],
  now: string,
): SignalState {
  const active = routes.find((route) => route.default);
  if (active === undefined || active.ok || active.since === null) return OK;
  const unasked = UNASKED.includes(active.code);
  const late = Date.parse(active.since) + (unasked ? warn.unasked_minutes : page.failing_minutes) * 60_000;
  if (Date.parse(now) < late) return OK;
  return { level: unasked ? 'warn' : 'page', since: new Date(late).toISOString() };
}
