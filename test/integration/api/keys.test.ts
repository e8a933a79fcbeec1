import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '../../../api/auth/principal.ts';
import { rows } from '../../../db/client.ts';
import type { Role } from '../../../domain/identity/roles.ts';
import { fromBase64, toBase64 } from '../../../domain/signing/base64.ts';
import { KEY_REGISTRATION_TYPE } from '../../../domain/signing/key-registration.ts';
import { startSequencers } from '../../support/log.ts';
import { eventually } from '../../support/eventually.ts';
import { newKey } from '../../support/operator-keys.ts';
import type { TestKey } from '../../support/operator-keys.ts';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

const digest = (token: string) => createHash('sha256').update(token).digest('hex');
const principal = (actor: string, roles: Role[], workspace_id = 'default'): [string, Principal] => [
  digest(actor),
  { actor, roles, workspace_id },
];
const TOKENS = new Map([
  principal('olga', ['operator', 'viewer']),
  principal('vera', ['viewer']),
  principal('ada', ['org_admin', 'operator']),
  principal('sec', ['security_owner']),
  principal('lena', ['operator', 'org_admin'], 'lab'),
]);

let api: ApiUnderTest;
let sequencers: { stop: () => Promise<void> };
beforeAll(async () => {
  api = await startApi({ auth: { loopbackTrust: false, tokens: async () => TOKENS } });
  sequencers = startSequencers(api);
  await eventually(async () => (await post('olga', '/v1/keys', { public_key: own.public })).status === 202);
});
afterAll(async () => {
  await sequencers?.stop();
  await api?.close();
});

const keyOf = () => {
  const key = newKey();
  return { ...key, public: toBase64(key.public_key) };
};
const own = keyOf();

async function post(token: string, path: string, body: object, headers: Record<string, string> = {}) {
  const response = await api.post(path, body, { Authorization: `Bearer ${token}`, ...headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Asks what to sign, signs it by `signer`, and registers. */
async function register(token: string, key: ReturnType<typeof keyOf>, more: object = {}, signer: TestKey = key) {
  const asked = { public_key: key.public, ...more };
  const first = await post(token, '/v1/keys', asked);
  if (first.status !== 202) return first;
  const proof = signer.sign(KEY_REGISTRATION_TYPE, fromBase64(String(first.body['payload'])) ?? new Uint8Array());
  return post(token, '/v1/keys', { ...asked, proof });
}

const revoke = (token: string, id: string) => post(token, `/v1/keys/${id}/revoke`, {});
const list = async (token: string, query = '') => {
  const response = await api.get(`/v1/keys${query}`, { headers: { Authorization: `Bearer ${token}` } });
  const keys = (await response.json()) as { key_id: string; user: string }[];
  return { keys, link: response.headers.get('link') };
};
const entries = (id: string) =>
  rows<{ action: string; actor: string; detail: string }>(
    api.db,
    'SELECT action, actor, detail FROM ledger_entries WHERE object = $1 AND workspace_id = $2 ORDER BY entry_id',
    [`key/${id}`, 'default'],
  );

describe('keys', () => {
  it('are registered by whom they are of, with the roles they hold, and listed', async () => {
    const registered = await register('olga', own);
    expect(registered).toMatchObject({
      status: 201,
      body: {
        key_id: own.key_id,
        user: 'olga',
        roles: ['operator', 'viewer'],
        registered_by: 'olga',
        revoked_at: null,
      },
    });
    expect((await list('vera')).keys).toMatchObject([{ key_id: own.key_id, user: 'olga' }]);
    expect(await entries(own.key_id)).toMatchObject([{ action: 'key_registered', actor: 'olga' }]);
    expect(await register('olga', own)).toMatchObject({ status: 409, body: { code: 'key_registered' } });
  });

  it('are nobody’s without the proof that their holder has them', async () => {
    const key = keyOf();
    const stolen = await register('olga', key, {}, newKey());
    expect(stolen).toMatchObject({ status: 403, body: { code: 'key_unknown' } });
    const first = await post('olga', '/v1/keys', { public_key: key.public });
    const payload = fromBase64(String(first.body['payload'])) ?? new Uint8Array();
    const proof = key.sign(KEY_REGISTRATION_TYPE, payload);
    // What it signed is for olga, with her roles: nobody registers it as their own, or with others.
    for (const [token, more] of [
      ['vera', {}],
      ['ada', {}],
      ['olga', { roles: ['viewer'] }],
      ['lena', {}],
    ] as const)
      expect(await post(token, '/v1/keys', { public_key: key.public, ...more, proof })).toMatchObject({
        status: 403,
        body: { code: 'signature_invalid' },
      });
    expect(await post('olga', '/v1/keys', { public_key: key.public, proof: {} })).toMatchObject({
      body: { code: 'envelope_malformed' },
    });
    expect((await list('olga')).keys.map((k) => k.key_id)).not.toContain(key.key_id);
  });

  it('of somebody else take org_admin, and never a role that who registers does not hold', async () => {
    const key = keyOf();
    const refused = { status: 403, body: { code: 'not_permitted' } };
    expect(await register('olga', key, { user: 'bob', roles: ['operator'] })).toMatchObject(refused);
    expect(await register('sec', key, { user: 'bob', roles: ['security_owner'] })).toMatchObject(refused);
    expect(await register('vera', key, { roles: ['operator'] })).toMatchObject(refused);
    expect(await register('ada', key, { user: 'local-operator', roles: ['operator'] })).toMatchObject(refused);
    expect(await register('ada', key, { user: 'bob', roles: ['security_owner'] })).toMatchObject(refused);
    expect(await register('ada', key, { user: 'bob' })).toMatchObject({
      status: 400,
      body: { code: 'validation_failed' },
    });
    for (const user of ['system', 'unauthenticated', 'adapterSync', 'two words', ''])
      expect(await register('ada', key, { user, roles: ['operator'] })).toMatchObject({ status: 400 });
    expect(await register('ada', key, { user: 'bob', roles: ['operator'] })).toMatchObject({
      status: 201,
      body: { user: 'bob', roles: ['operator'], registered_by: 'ada' },
    });
  });

  it('end by their time, and are not registered past it', async () => {
    expect(await register('olga', keyOf(), { not_after: '2020-01-01T00:00:00Z' })).toMatchObject({
      status: 403,
      body: { code: 'key_expired' },
    });
    expect(await register('olga', keyOf(), { not_after: 'soon' })).toMatchObject({ status: 400 });
  });

  it('are revoked by their holder or who looks after them, for good', async () => {
    const [mine, theirs] = [keyOf(), keyOf()];
    await register('olga', mine);
    await register('olga', theirs);
    expect(await revoke('vera', mine.key_id)).toMatchObject({ status: 403, body: { code: 'not_permitted' } });
    expect(await revoke('lena', mine.key_id)).toMatchObject({ status: 404, body: { code: 'key_not_found' } });
    expect(await revoke('olga', mine.key_id)).toMatchObject({ status: 200, body: { revoked_by: 'olga' } });
    expect(await revoke('sec', theirs.key_id)).toMatchObject({ status: 200, body: { revoked_by: 'sec' } });
    expect(await revoke('ada', theirs.key_id)).toMatchObject({ status: 200, body: { revoked_by: 'sec' } });
    expect(await revoke('olga', 'nonsense')).toMatchObject({ status: 404 });
    expect(await register('olga', mine)).toMatchObject({ status: 403, body: { code: 'key_revoked' } });
    const actions = (await entries(mine.key_id)).map((e) => e.action);
    expect(actions).toEqual(['key_registered', 'decision_refused', 'key_revoked', 'decision_refused']);
  });

  it('belong to a workspace', async () => {
    const key = keyOf();
    await register('lena', key);
    expect((await list('lena')).keys.map((k) => k.key_id)).toEqual([key.key_id]);
    expect((await list('olga')).keys.map((k) => k.key_id)).not.toContain(key.key_id);
  });

  it('are listed page by page', async () => {
    const all = (await list('olga')).keys.map((k) => k.key_id);
    const paged: string[] = [];
    let query = '?limit=2';
    while (query !== '') {
      const { keys, link } = await list('olga', query);
      paged.push(...keys.map((k) => k.key_id));
      query = /\/v1\/keys(\?[^>]+)>/.exec(link ?? '')?.[1] ?? '';
    }
    expect(paged).toEqual(all);
    expect(all.length).toBeGreaterThan(2);
  });
});
