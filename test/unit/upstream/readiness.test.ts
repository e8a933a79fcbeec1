import { describe, expect, it } from 'vitest';
import { judgeAnswer, probesOf, probeUrl } from '../../../domain/upstream/probes.ts';
import { parseUpstreams } from '../../../domain/upstream/definition.ts';
import type { Upstream } from '../../../domain/upstream/definition.ts';
import { providerReadiness } from '../../../domain/upstream/readiness.ts';

const NOW = '2026-01-01T00:10:00.000Z';
const row = (over: object) => ({
  name: 'model',
  is_default: true,
  ok: true,
  code: null,
  since: '2026-01-01T00:00:00.000Z',
  checked_at: '2026-01-01T00:09:50.000Z',
  ...over,
});

const upstream = (over: object): Upstream =>
  parseUpstreams({ version: 1, upstreams: [{ name: 'u', kind: 'provider', url: 'https://u.example/v1', ...over }] })
    .upstreams[0]!;

describe('readiness of upstreams', () => {
  it('S1-123 says since when the default one has been failing', () => {
    const since = '2026-01-01T00:04:00.000Z';
    expect(
      providerReadiness([row({ ok: false, code: 'timeout', since }), row({ name: 'b', is_default: false })], NOW),
    ).toMatchObject({
      active_route_ready: false,
      active_route_error_since: since,
      error_route_count: 1,
      routes: [
        { name: 'model', ok: false, code: 'timeout', since },
        { name: 'b', ok: true },
      ],
    });
  });

  it('is not ready before it was asked, and no longer when nobody asks', () => {
    expect(providerReadiness([row({ ok: null, checked_at: null })], NOW).routes[0]).toMatchObject({
      ok: false,
      code: 'unchecked',
    });
    const checked_at = '2026-01-01T00:08:00.000Z';
    expect(providerReadiness([row({ checked_at })], NOW)).toMatchObject({
      active_route_ready: false,
      active_route_error_since: checked_at,
      routes: [{ ok: false, code: 'stale' }],
    });
  });

  it('has no answer about a default one where none is named', () => {
    expect(providerReadiness([row({ is_default: false })], NOW).active_route_ready).toBeNull();
  });
});

describe('what is probed', () => {
  it('follows from the entry', () => {
    expect(probesOf(upstream({}))).toEqual(['readiness']);
    expect(probesOf(upstream({ auth_ref: 'env:K', canary: {} }))).toEqual(['readiness', 'reference', 'auth', 'canary']);
    expect(probeUrl(upstream({}), { method: 'GET', path: '/models' })).toBe('https://u.example/v1/models');
    expect(probeUrl(upstream({ url: 'https://u.example' }), { method: 'GET', path: '//evil.example/x' })).toMatch(
      /^https:\/\/u\.example\//,
    );
  });

  it('counts only the expected answer', () => {
    const judge = (status: number, body = '', expected?: object) =>
      judgeAnswer({ status, body }, { method: 'GET', ...(expected && { expect: expected }) });
    expect([judge(200), judge(204)]).toEqual([null, null]);
    expect([judge(401), judge(403), judge(302), judge(500), judge(404)]).toEqual([
      'auth_failed',
      'auth_failed',
      'redirected',
      'unexpected_answer',
      'unexpected_answer',
    ]);
    expect(judge(404, '', { status: [404] })).toBeNull();
    expect(judge(200, 'no', { contains: 'yes' })).toBe('unexpected_answer');
    expect(judge(200, 'oh yes', { contains: 'yes' })).toBeNull();
  });
});
