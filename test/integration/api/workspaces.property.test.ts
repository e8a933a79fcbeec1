import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '../../../api/auth/principal.ts';
import type { GuardedRoute } from '../../../api/route.ts';
import { loadRoutes } from '../../../api/routes.ts';
import { ROLES } from '../../../domain/identity/roles.ts';
import { everythingOf } from '../../support/everything-of.ts';
import { allPublished, startSequencers } from '../../support/log.ts';
import { openEventSource } from '../../support/event-source.ts';
import { newKey, register } from '../../support/operator-keys.ts';
import { reportIncident } from '../../support/record.ts';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

/** Whoever is in one of these holds every role there. */
const WORKSPACES = ['red', 'blue', 'default'] as const;
type Workspace = (typeof WORKSPACES)[number];

const digest = (token: string) => createHash('sha256').update(token).digest('hex');
const TOKENS = new Map<string, Principal>(
  WORKSPACES.map((name) => [digest(name), { actor: `user-of-${name}`, roles: ROLES, workspace_id: name }]),
);
const as = (who: Workspace) => ({ Authorization: `Bearer ${who}` });
const guarded = (await loadRoutes()).filter((route): route is GuardedRoute => route.action !== 'open');

let api: ApiUnderTest;
let sequencers: { stop: () => Promise<void> };
const owned = new Map<Workspace, { incidents: string[]; adapters: string[]; keys: string[]; words: string[] }>(
  WORKSPACES.map((name) => [name, { incidents: [], adapters: [], keys: [], words: [`of-${name}`] }]),
);
const of = (name: Workspace) => owned.get(name)!;

beforeAll(async () => {
  api = await startApi({ auth: { loopbackTrust: false, tokens: async () => TOKENS } });
  sequencers = startSequencers(api);
  for (const name of WORKSPACES) await report(name, 'tool_call_burst');
  await allPublished(api.db);
  for (const name of WORKSPACES) {
    await report(name, 'manifest_mismatch');
    await putAdapter(name, 0);
    const key = newKey();
    await register(api.db, key, { user: `user-of-${name}`, roles: ['operator'], workspace: name });
    of(name).keys.push(key.key_id);
  }
});
afterAll(async () => {
  await sequencers?.stop();
  await api?.close();
});

const post = (who: Workspace, path: string, body: object) => api.post(path, body, as(who));

async function report(who: Workspace, cls: string): Promise<void> {
  const evidence = { subject: 'agent:shared', model_digest: `sha256:${digest(who)}` };
  const body = { class: cls, source: `source-of-${who}`, description: `seen-of-${who}`, evidence };
  const response = await post(who, '/api/v1/incidents/report', body);
  const { id } = (await response.json()) as { id: string };
  if (!of(who).incidents.includes(id)) of(who).incidents.push(id);
}

async function putAdapter(who: Workspace, n: number): Promise<void> {
  const name = `adapter-of-${who}-${n}`;
  const definition = {
    mode: 'external',
    url: 'http://127.0.0.1:9/',
    actions: ['disable_tool'],
    secret: { ref: 'file:/none' },
  };
  const response = await fetch(`${api.url}/v1/adapters/${name}`, {
    method: 'PUT',
    headers: { ...as(who), 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...definition, internal: true }),
  });
  expect([200, 201]).toContain(response.status);
  if (!of(who).adapters.includes(name)) of(who).adapters.push(name);
}

type Act = { who: Workspace; whose: Workspace; kind: number; n: number };

/** What one may do to a thing by its id: a path and a body. */
const ACTS: ((of: { incident: string; adapter: string; key: string; model: string }) => [string, object])[] = [
  ({ incident }) => ['/api/v1/incidents/resolve', { id: incident }],
  ({ incident }) => ['/api/v1/incidents/acknowledge', { id: incident }],
  ({ incident }) => ['/api/v1/recovery/ack', { incident_id: incident, operator: 'o' }],
  ({ incident }) => ['/api/v1/recovery/reattest', { incident_id: incident }],
  ({ adapter }) => [`/v1/adapters/${adapter}/retire`, { reason: 'r' }],
  ({ adapter }) => [`/v1/adapters/${adapter}/lost`, {}],
  ({ adapter }) => [`/v1/adapters/${adapter}/test`, {}],
  ({ key }) => [`/v1/keys/${key}/revoke`, {}],
  ({ model }) => ['/v1/models/release', { target: model, how: 'removed', reason: 'r' }],
];

const at = <T>(list: readonly T[], n: number): T => list[n % list.length]!;

/** Does it, and says what was answered. */
async function act({ who, whose, kind, n }: Act): Promise<{ status: number; code: unknown }> {
  const { incidents, adapters, keys } = of(whose);
  const model = `sha256:${digest(whose)}`;
  const [path, body] = at(
    ACTS,
    kind,
  )({ incident: at(incidents, n), adapter: at(adapters, n), key: at(keys, n), model });
  const response = await post(who, path, body);
  return { status: response.status, code: ((await response.json()) as { code?: unknown }).code };
}

const arbitraryAct: fc.Arbitrary<Act> = fc.record({
  who: fc.constantFrom(...WORKSPACES),
  whose: fc.constantFrom(...WORKSPACES),
  kind: fc.nat(ACTS.length - 1),
  n: fc.nat(20),
});
const arbitraryDeed = fc.oneof(
  { weight: 3, arbitrary: arbitraryAct },
  fc.record({ who: fc.constantFrom(...WORKSPACES), cls: fc.constantFrom('tool_call_burst', 'manifest_mismatch') }),
);

/** Whether `text` names anything of another workspace than the caller's. */
function leaked(who: Workspace, text: string): string[] {
  const others = WORKSPACES.filter((name) => name !== who);
  const names = others.flatMap((name) => [...of(name).incidents, ...of(name).keys, ...of(name).words]);
  return names.filter((name) => text.includes(name));
}

/** Every way to ask a GET route, by its own ids and by those of others. */
function requests({ path }: GuardedRoute): { url: string; ids: string[] }[] {
  const ids = WORKSPACES.flatMap((name) => [of(name).incidents[0], of(name).adapters[0], of(name).keys[0]]) as string[];
  if (path.endsWith('*tile'))
    return ['0/000.p/8', 'entries/000.p/8'].map((t) => ({ url: `/ledger/tile/${t}`, ids: [] }));
  if (/[:*]/.test(path)) return ids.map((id) => ({ url: path.replace(/[:*]\w+/, id), ids: [id] }));
  const queries = ['', '?limit=1000', '?since=1d', '?state=contained', '?index=1', '?from=0'];
  const byId = ids.flatMap((id) => [`?id=${id}`, `?entity=incident/${id}`, `?entity=key/${id}`, `?node=${id}`]);
  return [
    ...queries.map((query) => ({ url: path + query, ids: [] })),
    ...byId.map((query) => ({ url: path + query, ids: [query.replace(/^.*[=/]/, '')] })),
  ];
}

describe('a token of one workspace', () => {
  it('never reads what is another’s, by any route', async () => {
    await allPublished(api.db);
    const reading = guarded.filter(({ method, path }) => method === 'GET' && !path.endsWith('/stream'));
    let asked = 0;
    let answered = 0;
    for (const route of reading)
      // Whoever audits the instance, in default, reads the log as it is.
      for (const who of route.action === 'ledger.read' ? (['red', 'blue'] as const) : WORKSPACES)
        await Promise.all(
          requests(route).map(async ({ url, ids }) => {
            const response = await api.get(url, { headers: as(who) });
            // What was asked for may be repeated, nothing else.
            const text = ids.reduce((t, id) => t.replaceAll(id, ''), await response.text());
            expect(leaked(who, text), `${who} ${url}`).toEqual([]);
            asked += 1;
            if (response.status === 200) answered += 1;
          }),
        );
    expect(asked).toBeGreaterThan(200);
    expect(answered).toBeGreaterThan(60);
  });

  it('streams its own entries only, and no stream of another’s incident', async () => {
    await report('red', 'tool_call_burst');
    await allPublished(api.db);
    const entries = (await (await api.get('/v1/ledger/entries', { headers: as('red') })).json()) as { id: string }[];
    for (const path of ['/v1/events/stream', '/v1/subjects/agent:shared/stream']) {
      const source = await openEventSource(`${api.url}${path}?after=start`, as('red'));
      const seen = await source.count(path.includes('events') ? entries.length : 1);
      source.close();
      expect(leaked('red', JSON.stringify(seen))).toEqual([]);
      for (const { data } of seen) expect(data['workspace_id']).toBe('red');
    }
    const foreign = await openEventSource(`${api.url}/v1/incidents/${of('blue').incidents[0]}/stream`, as('red'));
    foreign.close();
    expect(foreign.status).toBe(404);
  });

  it('is behind its own gates, and counts its own reports', async () => {
    const gate = async (who: Workspace, target: string) =>
      ((await (await post(who, '/v1/gates/check', { gate: 'model', target })).json()) as { open: boolean }).open;
    for (const name of ['red', 'blue'] as const) await report(name, 'manifest_mismatch');
    expect(await gate('red', `sha256:${digest('red')}`)).toBe(false);
    expect(await gate('red', `sha256:${digest('blue')}`)).toBe(true);
    const total = async (who: Workspace) =>
      ((await (await api.get('/api/v1/stats', { headers: as(who) })).json()) as { total_incidents: number })
        .total_incidents;
    for (const who of ['red', 'blue'] as const) expect(await total(who)).toBe(of(who).incidents.length);
  });

  // Last: what somebody guessed stands in the ledger of their own workspace.
  it('never changes what is another’s: by a guessed id it is not there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryDeed, { minLength: 1, maxLength: 8 }), async (deeds) => {
        for (const deed of deeds) {
          if ('cls' in deed) {
            await report(deed.who, deed.cls);
            continue;
          }
          const foreign = deed.who !== deed.whose;
          const before = foreign ? await everythingOf(api.db, deed.whose) : '';
          const { status, code } = await act(deed);
          if (!foreign) continue;
          expect([status, code], JSON.stringify(deed)).toEqual([
            404,
            expect.stringMatching(/_not_(found|quarantined)$/),
          ]);
          expect((await everythingOf(api.db, deed.whose)) === before, JSON.stringify(deed)).toBe(true);
        }
      }),
      { numRuns: 12 },
    );
  });
});

describe('what the instance itself reports', () => {
  it('is seen and decided in default, and in no other workspace', async () => {
    const { id } = await reportIncident(api.db, 'tool_call_burst', { source: 'watch' }, 'system');
    const get = (who: Workspace) => api.get(`/api/v1/incidents/get?id=${id}`, { headers: as(who) });
    expect(await Promise.all(WORKSPACES.map(async (who) => (await get(who)).status))).toEqual([404, 404, 200]);
    const listed = async (who: Workspace) =>
      (await (await api.get('/api/v1/incidents', { headers: as(who) })).text()).includes(id);
    expect(await Promise.all(WORKSPACES.map(listed))).toEqual([false, false, true]);
    const resolve = (who: Workspace) => post(who, '/api/v1/incidents/resolve', { id });
    expect(await Promise.all((['red', 'blue'] as const).map(async (who) => (await resolve(who)).status))).toEqual([
      404, 404,
    ]);
    expect((await resolve('default')).status).toBe(200);
  });

  it('is about nodes, files and the log, which are decided in default only', async () => {
    const bodies: Record<string, object> = {
      '/v1/attestation/retire': { node: 'local', reason: 'r' },
      '/v1/attestation/enroll': { node: 'local', reason: 'r', replace: true },
      '/v1/attestation/reference/approve': { node: 'local', pcr: 1, reason: 'r' },
      '/v1/integrity/baseline/approve': { baseline: 'protected', reason: 'r' },
      '/v1/integrity/check': { baseline: 'protected' },
      '/v1/restore/promote': { origin: 'o/1', reason: 'r' },
      '/api/v1/reload': {},
    };
    for (const [path, body] of Object.entries(bodies)) {
      const response = await post('red', path, body);
      expect([path, response.status, ((await response.json()) as { code: string }).code]).toEqual([
        path,
        403,
        'not_permitted',
      ]);
    }
  });
});
