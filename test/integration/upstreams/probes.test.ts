import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { recordProbe } from '../../../db/command/upstream-probes.ts';
import { loadedUpstreams } from '../../../db/read/upstreams.ts';
import { json } from '../api/api-under-test.ts';
import { eventually } from '../../support/eventually.ts';
import { set } from '../../support/secrets.ts';
import { startUpstream, startUpstreams } from '../../support/upstreams.ts';
import type { UpstreamsUnderTest } from '../../support/upstreams.ts';

const TOKENS = { known: 'the token that is known there', other: 'a token that nobody knows any more' };

let world: UpstreamsUnderTest;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
beforeAll(async () => {
  world = await startUpstreams({ readinessEveryMs: 200 });
  upstream = await startUpstream(() => TOKENS.known);
});
afterAll(async () => {
  await world?.close();
  await upstream?.close();
});
afterEach(() => {
  upstream.behave.next = null;
});

const model = (over: object = {}) => ({
  name: 'model',
  kind: 'provider',
  url: upstream.url,
  internal: true,
  default: true,
  auth_ref: 'slot:model.key',
  readiness: { path: '/health', expect: { contains: '"ok":true' } },
  auth_check: { path: '/models' },
  canary: { method: 'POST', path: '/chat', body: { say: 'ping' }, expect: { contains: 'pong' } },
  ...over,
});
const setKey = (value: string) =>
  set({ db: world.api.db, masterKey: world.masterKey }, 'model.key', value, { class: 'control' });
const ALL = ['readiness', 'reference', 'auth', 'canary'];
const readiness = async () =>
  (await json<{ provider_readiness: Record<string, unknown> }>(world.api.get('/v1/status'))).provider_readiness;

describe('probes of upstreams', () => {
  it('S1-87 S1-110 tell a credential that counts from one that was revoked, and from one that is not there', async () => {
    await world.load(model());
    expect(await world.check(ALL)).toEqual({
      'model readiness': 'ok',
      'model reference': 'reference_missing',
      'model auth': 'reference_missing',
      'model canary': 'reference_missing',
    });
    await setKey(TOKENS.other);
    expect(await world.check(ALL)).toMatchObject({
      'model reference': 'ok',
      'model auth': 'auth_failed',
      'model canary': 'auth_failed',
    });
    await setKey(TOKENS.known);
    expect(await world.check(ALL)).toEqual({
      'model readiness': 'ok',
      'model reference': 'ok',
      'model auth': 'ok',
      'model canary': 'ok',
    });
    expect(upstream.requests.filter(({ url }) => url === '/chat').at(-1)).toMatchObject({ body: '{"say":"ping"}' });
  });

  it('S1-76 say auth_unproven where the upstream answers without the credential all the same', async () => {
    await world.load(model({ auth_check: { path: '/health' } }));
    expect(await world.check(['auth'])).toEqual({ 'model auth': 'auth_unproven' });
  });

  it('S1-14 reach no private address of an upstream that is not marked internal, and follow no redirect', async () => {
    await world.load(model({ internal: false, url: upstream.url.replace('http:', 'https:') }));
    const before = upstream.requests.length;
    expect(await world.check(['readiness'])).toEqual({ 'model readiness': 'address_refused' });
    expect(upstream.requests).toHaveLength(before);
    await world.load(model());
    upstream.behave.next = (res) => res.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
    expect(await world.check(['readiness'])).toEqual({ 'model readiness': 'redirected' });
  });

  it('have a code for each way in which an upstream fails', async () => {
    await world.load(model(), model({ name: 'gone', url: 'http://127.0.0.1:9', default: false }));
    upstream.behave.next = (res) => res.writeHead(500).end();
    expect(await world.check(['readiness'])).toEqual({
      'gone readiness': 'unreachable',
      'model readiness': 'unexpected_answer',
    });
    upstream.behave.next = (res) => res.writeHead(200).end('something else');
    expect(await world.check(['readiness'], 'model')).toEqual({ 'model readiness': 'unexpected_answer' });
    upstream.behave.next = (res) => res.writeHead(200).end('x'.repeat(300_000));
    expect(await world.check(['readiness'], 'model')).toEqual({ 'model readiness': 'reply_too_large' });
    upstream.behave.next = (res) => res.destroy();
    expect(await world.check(['readiness'], 'model')).toEqual({ 'model readiness': 'unreachable' });
    upstream.behave.next = () => undefined;
    expect(await world.check(['readiness'], 'model')).toEqual({ 'model readiness': 'timeout' });
  });

  it('S1-123 are repeated by themselves: status turns with the upstream, and says since when', async () => {
    await world.load(model());
    await eventually(async () => (await readiness())['active_route_ready'] === true);
    expect(await readiness()).toMatchObject({ error_route_count: 0, active_route_error_since: null });
    upstream.behave.next = (res) => res.writeHead(503).end();
    await eventually(async () => (await readiness())['active_route_ready'] === false);
    const { active_route_error_since: since } = await readiness();
    expect(since).toEqual(expect.any(String));
    const asked = upstream.requests.length;
    await eventually(async () => upstream.requests.length > asked + 1);
    expect((await readiness())['active_route_error_since']).toBe(since);
    upstream.behave.next = null;
    await eventually(async () => (await readiness())['active_route_ready'] === true);
    const said = await world.api.db.query(
      "SELECT action FROM ledger_entries WHERE object = 'upstream/model' AND action LIKE 'upstream_%' ORDER BY entry_id DESC LIMIT 2",
    );
    expect(said.rows).toEqual([{ action: 'upstream_answers' }, { action: 'upstream_fails' }]);
  });

  it('keep the last hundred changes of each', async () => {
    await world.load(model({ default: false }));
    const digest = (await loadedUpstreams(world.api.db))!.digest;
    const of = { name: 'model', probe: 'canary', digest, actor: 'test' } as const;
    for (let i = 0; i < 103; i++)
      await recordProbe(
        world.api.db,
        of,
        i % 2 === 0 ? { ok: true, latency_ms: 1 } : { ok: false, code: 'timeout', latency_ms: 1 },
      );
    const kept = await world.api.db
      .query(`SELECT ok FROM upstream_probe_changes WHERE name = 'model' AND probe = 'canary'
      ORDER BY change_id DESC`);
    expect(kept.rows).toHaveLength(100);
    expect(kept.rows[0]).toEqual({ ok: true });
  });

  it('of a set that is no longer loaded are not recorded', async () => {
    await world.load(model());
    const late = { name: 'model', probe: 'canary', digest: 'of another set', actor: 'test' } as const;
    await recordProbe(world.api.db, late, { ok: true, latency_ms: 1 });
    const { upstreams } = await json<{ upstreams: { probes: object[] }[] }>(world.api.get('/v1/upstreams'));
    expect(upstreams[0]!.probes).toContainEqual(expect.objectContaining({ probe: 'canary', ok: null }));
  });

  it('leave no credential in the log, the record or the ledger', async () => {
    const tables = ['upstream_probes', 'upstream_probe_changes', 'upstream_requests', 'ledger_entries', 'policies'];
    for (const table of tables) {
      const { rows } = await world.api.db.query(`SELECT t::text AS line FROM ${table} t`);
      expect(JSON.stringify(rows)).not.toMatch(/the token that is known|nobody knows any more/);
    }
    expect(world.logged()).not.toMatch(/the token that is known|nobody knows any more/);
  });

  it('refuses names and probes that there are not', async () => {
    expect((await world.api.post('/v1/upstreams/check', { probes: ['readiness'], name: 'nobody' })).status).toBe(404);
    expect((await world.api.post('/v1/upstreams/check', { probes: ['everything'] })).status).toBe(400);
    expect((await world.api.post('/v1/upstreams/check', {})).status).toBe(400);
    expect((await world.api.get('/v1/upstreams/model/account')).status).toBe(409);
  });
});
