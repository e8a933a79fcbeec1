import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '../../../api/auth/principal.ts';
import type { GuardedRoute, Route } from '../../../api/route.ts';
import { loadRoutes } from '../../../api/routes.ts';
import { may, PERMISSIONS, ROLES } from '../../../domain/identity/roles.ts';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

/** What no route is for by itself: a route for everyone's own asks it for somebody else's, or one for more than it is for. */
const INSIDE = ['key.register_other', 'key.revoke_other', 'runtime.loosen', 'adapter.run_command'];

const digest = (token: string) => createHash('sha256').update(token).digest('hex');
const TOKENS = new Map<string, Principal>(
  [...ROLES, 'nobody'].map((name) => [
    digest(name),
    { actor: name, roles: ROLES.filter((role) => role === name), workspace_id: 'default' },
  ]),
);
const isGuarded = (route: Route): route is GuardedRoute => route.action !== 'open' && route.action !== 'signed';
const all = await loadRoutes();
const guarded = all.filter(isGuarded);
const routes = guarded.filter((route) => route.credential === undefined);
const nameOf = ({ method, path }: Route) => `${method} ${path}`;

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi({ auth: { loopbackTrust: false, tokens: async () => TOKENS, failures: { burst: 10_000 } } });
});
afterAll(() => api?.close());

/** The least request that reaches the route; what it is answered when it may does not matter here. */
async function ask({ method, path }: GuardedRoute, token: string): Promise<{ status: number; code: unknown }> {
  const gone = new AbortController();
  const response = await fetch(api.url + path.replace(/[:*]\w+/g, 'none'), {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(method === 'GET' ? {} : { body: '{}' }),
    signal: gone.signal,
  });
  const isProblem = response.headers.get('content-type') === 'application/problem+json';
  const code = isProblem ? ((await response.json()) as { code: unknown }).code : null;
  gone.abort();
  return { status: response.status, code };
}

describe('every route, asked by every role', () => {
  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', async (_name, route) => {
    const answered = await Promise.all(ROLES.map(async (role) => ({ role, ...(await ask(route, role)) })));
    const refused = answered.filter((a) => a.code === 'not_permitted');
    expect(refused.map((a) => a.role)).toEqual(ROLES.filter((role) => !may([role], route.action)));
    expect(refused.every((a) => a.status === 403)).toBe(true);
    expect(await ask(route, 'nobody')).toEqual({ status: 403, code: 'not_permitted' });
    expect(await ask(route, 'unknown')).toEqual({ status: 401, code: 'unauthenticated' });
  });

  it('is judged by a role, but for those that say which other credential they take', () => {
    expect(all.filter((route) => route.action === 'signed').map(nameOf)).toEqual(['POST /v1/adapters/:name/events']);
    expect(guarded.filter((route) => route.credential !== undefined).map(nameOf)).toEqual(['POST /v1/leases/:id/read']);
  });

  it('asks for an action of the table, and every action is asked for somewhere', () => {
    const asked = new Set<string>([...guarded.map((route) => route.action), ...INSIDE]);
    expect([...asked].sort()).toEqual([...PERMISSIONS].sort());
  });
});
