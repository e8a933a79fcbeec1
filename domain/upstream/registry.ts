// The credential for the registry is that of the upstream that is the registry: of the same kind, under the same address.
import type { Upstream } from './definition.ts';

const trimmed = (url: string): string => url.replace(/\/+$/, '').toLowerCase();

/** Whether two addresses are spelled as one: a final slash and capitals are nothing. */
export const isSameRegistry = (one: string, other: string): boolean => trimmed(one) === trimmed(other);

/** The entry whose credential and network are the registry's at `url`; undefined where none is. */
export const registryUpstream = (upstreams: readonly Upstream[], url: string): Upstream | undefined =>
  upstreams.find((entry) => entry.kind === 'registry' && isSameRegistry(entry.url, url));

/** Where a registry, ours or another's of our kind, says whether it works. */
export const REGISTRY_HEALTH = '/healthz';
/** And what it shows to nobody without a credential. */
export const REGISTRY_BUNDLES = '/v1/registry/bundles';
