// What is probed of an upstream follows from its entry, and an answer counts only when it is the expected one.
import { authMode } from './definition.ts';
import type { HttpProbe, Upstream } from './definition.ts';
import { REGISTRY_BUNDLES, REGISTRY_HEALTH } from './registry.ts';

export const PROBES = ['readiness', 'reference', 'auth', 'canary'] as const;
export type ProbeName = (typeof PROBES)[number];

/**
 * Why a probe failed. `auth_unproven`: the upstream answers the same without the credential, so that nothing was shown about
 * it. `not_logged_in`: nobody has logged in to its OAuth account.
 */
export const PROBE_CODES = [
  'unreachable',
  'name_unresolved',
  'address_refused',
  'timeout',
  'reply_too_large',
  'redirected',
  'auth_failed',
  'auth_unproven',
  'reference_missing',
  'not_logged_in',
  'unexpected_answer',
] as const;
export type ProbeCode = (typeof PROBE_CODES)[number];

export type ProbeResult = { ok: true; latency_ms: number } | { ok: false; code: ProbeCode; latency_ms: number };

/** The probes that an entry has. */
export function probesOf(upstream: Upstream): ProbeName[] {
  const credential = authMode(upstream) !== 'none';
  return PROBES.filter((name) => {
    if (name === 'readiness') return true;
    return name === 'canary' ? upstream.canary !== undefined : credential;
  });
}

const READY_PATH: Partial<Record<Upstream['kind'], string>> = {
  registry: REGISTRY_HEALTH,
  opa: '/health',
  oidc: '/.well-known/openid-configuration',
  oauth: '/.well-known/oauth-authorization-server',
};

/** What is asked to know whether an upstream works; by default its URL, or what its kind answers for its health. */
export function readinessProbe(upstream: Upstream): HttpProbe {
  if (upstream.readiness !== undefined) return upstream.readiness;
  const path = READY_PATH[upstream.kind];
  return { method: 'GET', ...(path === undefined ? {} : { path }) };
}

/** What is asked with the credential: by default what readiness is, where the kind has nothing that wants one. */
export function authProbe(upstream: Upstream): HttpProbe {
  if (upstream.auth_check !== undefined) return upstream.auth_check;
  if (upstream.kind === 'registry' && upstream.readiness === undefined)
    return { method: 'GET', path: REGISTRY_BUNDLES };
  return readinessProbe(upstream);
}

export interface HttpReply {
  status: number;
  body: string;
}

/** The code of what is wrong with an answer, or null. By default any 2xx is right; a redirect never is, unless expected. */
export function judgeAnswer({ status, body }: HttpReply, probe: HttpProbe): ProbeCode | null {
  const { status: statuses, contains } = probe.expect ?? {};
  const right = statuses === undefined ? status >= 200 && status < 300 : statuses.includes(status);
  if (!right) {
    if (status === 401 || status === 403) return 'auth_failed';
    return status >= 300 && status < 400 ? 'redirected' : 'unexpected_answer';
  }
  return contains === undefined || body.includes(contains) ? null : 'unexpected_answer';
}

/** The URL of a probe: its path behind that of the upstream, so that it cannot lead to another host. */
export const probeUrl = (upstream: Upstream, probe: HttpProbe): string =>
  probe.path === undefined ? upstream.url : `${upstream.url.replace(/\/+$/, '')}${probe.path}`;
