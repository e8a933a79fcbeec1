import { loadedUpstreams, upstreamProbes } from '../../db/read/upstreams.ts';
import { authMode } from '../../domain/upstream/definition.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** What is loaded, without its probes' bodies and headers, and what each probe last found. */
async function handler(_call: Call, { db }: ApiDeps): Promise<Reply> {
  const loaded = await loadedUpstreams(db);
  const rows = loaded === undefined ? [] : await upstreamProbes(db);
  const upstreams = (loaded?.upstreams ?? []).map((entry) => ({
    name: entry.name,
    kind: entry.kind,
    url: entry.url,
    internal: entry.internal,
    default: entry.default,
    auth: authMode(entry),
    auth_ref: entry.auth_ref ?? null,
    probes: rows
      .filter(({ name }) => name === entry.name)
      .map(({ probe, ok, code, latency_ms, checked_at, since }) => ({
        probe,
        ok,
        code,
        latency_ms,
        checked_at,
        since,
      })),
  }));
  return ok({ digest: loaded?.digest ?? null, loaded_at: loaded?.activated_at ?? null, upstreams });
}

export const route: Route = { method: 'GET', path: '/v1/upstreams', action: 'upstream.read', handler };
