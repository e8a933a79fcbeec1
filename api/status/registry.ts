import { loadedUpstreams, upstreamProbes } from '../../db/read/upstreams.ts';
import { authMode } from '../../domain/upstream/definition.ts';
import { providerReadiness } from '../../domain/upstream/readiness.ts';
import { registryUpstream } from '../../domain/upstream/registry.ts';
import type { ApiDeps } from '../deps.ts';

/**
 * The registry that exports are checked against. `required`: without it none goes out. `token`: whether a credential goes
 * along; one whose reference was found to lead nowhere is missing. `reachable` is what the worker was last answered, null
 * where nobody has asked: of an address that is no upstream nothing is known.
 */
export async function registryReport(
  { db, registry, governanceMode, auth }: Pick<ApiDeps, 'db' | 'registry' | 'governanceMode' | 'auth'>,
  now: string,
) {
  const { url, own } = registry;
  const upstream = registryUpstream((await loadedUpstreams(db))?.upstreams ?? [], url);
  const probes = upstream === undefined ? [] : await upstreamProbes(db, upstream.name);
  const lost = probes.some((row) => row.probe === 'reference' && row.ok === false);
  const carried = upstream === undefined ? own && !auth.loopbackTrust : authMode(upstream) !== 'none' && !lost;
  const [route] = providerReadiness(
    probes.filter((row) => row.probe === 'readiness'),
    now,
  ).routes;
  const known = route === undefined || route.code === 'stale' || route.code === 'unchecked' ? null : route.ok;
  return {
    configured: true,
    required: governanceMode === 'enforce',
    url,
    token: carried ? 'set' : 'missing',
    // Whoever reads this was answered by it.
    reachable: own ? true : known,
  };
}
