import type { Registry } from '../../activities/exports/registry.ts';
import { httpRegistry } from '../../activities/exports/registry.ts';
import { RegistryError } from '../../activities/exports/registry-error.ts';
import type { RegistryAccess } from '../../activities/exports/registry-request.ts';
import { credentialHeaders } from '../../activities/upstreams/credential.ts';
import type { UpstreamDeps } from '../../activities/upstreams/deps.ts';
import type { Database } from '../../db/client.ts';
import { loadedUpstreams } from '../../db/read/upstreams.ts';
import { isSameRegistry, registryUpstream } from '../../domain/upstream/registry.ts';
import { OwnTokens } from './own-token.ts';

export interface RegistryEnv {
  /** The registry that exports are checked against. */
  registryUrl: string;
  /** Where this instance answers; the same where it is its own registry. */
  baseUrl: string;
  loopbackTrust: boolean;
}

export interface RegistryAccessDeps {
  db: Database;
  upstreams: UpstreamDeps;
  withinMs?: number;
}

/**
 * The registry as a workspace asks it, by what is in force at each request: the credential of the upstream that it is, else
 * this instance's own where it is that, else none. Over loopback trust the workspace goes along by its name.
 */
export function registryOf(env: RegistryEnv, deps: RegistryAccessDeps): (workspace_id: string) => Promise<Registry> {
  const { db, upstreams, withinMs } = deps;
  const tokens = new OwnTokens(db);
  const own = isSameRegistry(env.registryUrl, env.baseUrl);
  return async (workspace_id) => {
    const workspace = own && env.loopbackTrust ? { 'X-Interlock-Workspace': workspace_id } : {};
    const upstream = registryUpstream((await loadedUpstreams(db))?.upstreams ?? [], env.registryUrl);
    const access: RegistryAccess = {
      url: env.registryUrl,
      internal: upstream?.internal ?? own,
      headers: async () => {
        if (upstream !== undefined) return { ...workspace, ...(await credentialHeaders(upstream, upstreams)) };
        if (!own || env.loopbackTrust) return workspace;
        return { authorization: `Bearer ${await tokens.of(workspace_id)}` };
      },
      ...(upstreams.resolve === undefined ? {} : { resolve: upstreams.resolve }),
      ...(withinMs === undefined ? {} : { withinMs }),
    };
    return forgetting(httpRegistry(access), () => tokens.forget(workspace_id));
  };
}

/** A token of ours that was refused was disabled: the next request has another. */
function forgetting(registry: Registry, forget: () => void): Registry {
  const watched = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      if (error instanceof RegistryError && error.code === 'registry_auth_failed') forget();
      throw error;
    });
  return {
    bundle: (id) => watched(registry.bundle(id)),
    size: (sha256) => watched(registry.size(sha256)),
    read: (sha256, size) => registry.read(sha256, size),
  };
}
