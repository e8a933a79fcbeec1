import { authMode } from '../../domain/upstream/definition.ts';
import type { HttpProbe, Upstream } from '../../domain/upstream/definition.ts';
import { authProbe, judgeAnswer, probeUrl, readinessProbe } from '../../domain/upstream/probes.ts';
import type { ProbeCode, ProbeName, ProbeResult } from '../../domain/upstream/probes.ts';
import { EgressError } from '../egress/egress-error.ts';
import { guardedFetch } from '../egress/guarded-fetch.ts';
import { failureOf } from '../egress/post.ts';
import { CredentialError, credentialHeaders, secretOf } from './credential.ts';
import { PROBE_WITHIN_MS } from './deps.ts';
import type { UpstreamDeps } from './deps.ts';
import { hearing } from './hearing.ts';
import { callTool, initialize } from './mcp.ts';

/** Bytes of an answer that is looked at. */
const LONGEST_ANSWER = 256 * 1024;

/** Probes one upstream. Whatever it does wrong is a result, never an error; its answer is judged and forgotten. */
export async function runProbe(upstream: Upstream, probe: ProbeName, deps: UpstreamDeps): Promise<ProbeResult> {
  const start = performance.now();
  const latency_ms = () => Math.round(performance.now() - start);
  try {
    const code = await judge(upstream, probe, deps);
    return code === null ? { ok: true, latency_ms: latency_ms() } : { ok: false, code, latency_ms: latency_ms() };
  } catch (error) {
    if (error instanceof EgressError || error instanceof CredentialError)
      return { ok: false, code: error.code, latency_ms: latency_ms() };
    throw error;
  }
}

async function judge(upstream: Upstream, probe: ProbeName, deps: UpstreamDeps): Promise<ProbeCode | null> {
  switch (probe) {
    case 'readiness':
      return readiness(upstream, deps);
    case 'reference':
      return reference(upstream, deps);
    case 'auth':
      return auth(upstream, deps);
    case 'canary':
      return canary(upstream, deps);
    default: {
      const unknown: never = probe;
      throw new Error(`unknown probe ${String(unknown)}`);
    }
  }
}

async function readiness(upstream: Upstream, deps: UpstreamDeps): Promise<ProbeCode | null> {
  if (upstream.kind === 'mcp') return initialize(upstream, await credentialHeaders(upstream, deps), deps);
  const probe = readinessProbe(upstream);
  return ask(upstream, probe, deps, probe.authenticated === true);
}

/** The reference leads to a value; nothing is sent anywhere. */
async function reference(upstream: Upstream, deps: UpstreamDeps): Promise<null> {
  if (upstream.auth_ref !== undefined) await secretOf(upstream, deps);
  if (authMode(upstream) === 'oauth') await credentialHeaders(upstream, deps);
  return null;
}

/** The credential is taken, and it is the credential that is: without it the same request has to be refused. */
async function auth(upstream: Upstream, deps: UpstreamDeps): Promise<ProbeCode | null> {
  const headers = await credentialHeaders(upstream, deps);
  if (upstream.kind === 'mcp') {
    const taken = await initialize(upstream, headers, deps);
    if (taken !== null) return taken;
    return (await initialize(upstream, {}, deps)) === 'auth_failed' ? null : 'auth_unproven';
  }
  const probe = authProbe(upstream);
  const taken = await ask(upstream, probe, deps, true);
  if (taken !== null) return taken;
  return (await ask(upstream, probe, deps, false)) === 'auth_failed' ? null : 'auth_unproven';
}

async function canary(upstream: Upstream, deps: UpstreamDeps): Promise<ProbeCode | null> {
  const { canary: probe } = upstream;
  if (probe === undefined) return null;
  if ('tool' in probe) return callTool(upstream, probe, await credentialHeaders(upstream, deps), deps);
  return ask(upstream, probe, deps, probe.authenticated ?? authMode(upstream) !== 'none');
}

/** One request over plain HTTP. */
async function ask(
  upstream: Upstream,
  probe: HttpProbe,
  deps: UpstreamDeps,
  authenticated: boolean,
): Promise<ProbeCode | null> {
  const headers: Record<string, string> = { ...probe.headers };
  if (probe.body !== undefined) headers['content-type'] ??= 'application/json';
  const credential = authenticated ? await credentialHeaders(upstream, deps) : {};
  Object.assign(headers, credential);
  const { options, tell } = hearing(deps.hear, upstream, credential);
  const { fetch, close } = guardedFetch({
    internal: upstream.internal,
    timeoutMs: PROBE_WITHIN_MS,
    longest: LONGEST_ANSWER,
    ...options,
    ...(deps.resolve === undefined ? {} : { resolve: deps.resolve }),
  });
  const signal = AbortSignal.timeout(PROBE_WITHIN_MS);
  try {
    const reply = await fetch(probeUrl(upstream, probe), {
      method: probe.method,
      headers,
      signal,
      ...(probe.body === undefined ? {} : { body: JSON.stringify(probe.body) }),
    });
    const code = judgeAnswer({ status: reply.status, body: await reply.text() }, probe);
    tell(code);
    return code;
  } catch (error) {
    const failure = failureOf(error, signal);
    tell(failure.code);
    throw failure;
  } finally {
    await close();
  }
}
