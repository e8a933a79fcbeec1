import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenListQuery } from '../../../db/read/tokens.ts';
import type { TokenView } from '../../../domain/identity/token.ts';
import { rows } from '../../../db/client.ts';
import { eventually } from '../../support/eventually.ts';
import { planOf, rowsRead } from '../../support/query-plan.ts';
import { openDoor } from './door.ts';
import type { Door } from './door.ts';

type Issued = TokenView & { token: string };

let door: Door;
let admin: string;
beforeAll(async () => {
  door = await openDoor();
  admin = (await door.holder('ada', ['org_admin'])).token;
});
afterAll(() => door?.close());

const issue = (fields: object, by = admin, key?: string) =>
  door.call<Issued & { code: string }>(by, 'POST', '/v1/tokens', { user: 'vera', roles: ['viewer'], ...fields }, key);
const status = (token: string) => door.call(token, 'GET', '/v1/status').then((r) => r.status);

describe('tokens over HTTP', () => {
  it('S0-27 S0-28 are told once, kept as a hash, and carry user, role and workspace', async () => {
    const { status: code, body } = await issue({ label: 'dashboard', expires_in: '2h' });
    expect(code).toBe(201);
    const { token, ...told } = body;
    expect(told).toMatchObject({
      user: 'vera',
      roles: ['viewer'],
      workspace_id: 'default',
      issued_by: 'ada',
      state: 'active',
    });
    expect(told.token_sha256).toBe(createHash('sha256').update(token).digest('hex'));
    expect(Date.parse(told.not_after) - Date.parse(told.created_at)).toBe(7_200_000);
    expect(await status(token)).toBe(200);
    expect((await door.call(admin, 'GET', `/v1/tokens/${told.token_sha256}`)).body).toEqual(told);
    const everything = await rows<{ all: string }>(
      door.db,
      `SELECT (SELECT json_agg(t) FROM api_tokens t)::text || (SELECT json_agg(t) FROM decisions t)::text
        || (SELECT json_agg(t) FROM ledger_entries t)::text AS all`,
    );
    expect(everything[0]?.all).toContain(told.token_sha256);
    expect(everything[0]?.all).not.toContain(token.slice(4, 40));
    expect(await door.entries(`token/${told.token_sha256}`)).toMatchObject([{ action: 'token_issued', actor: 'ada' }]);
  });

  it('S0-30 are disabled for good, once, on the record', async () => {
    const { body } = await issue({ user: 'carl', roles: ['operator'] });
    const path = `/v1/tokens/${body.token_sha256}/disable`;
    expect(await status(body.token)).toBe(200);
    for (let i = 0; i < 2; i++)
      expect(await door.call(admin, 'POST', path, {})).toMatchObject({
        status: 200,
        body: { state: 'disabled', disabled_by: 'ada' },
      });
    await eventually(async () => (await status(body.token)) === 401);
    expect((await door.entries(`token/${body.token_sha256}`)).map((e) => e.action)).toEqual([
      'token_issued',
      'token_disabled',
    ]);
  });

  it('are issued by two roles, disabled by three, and of the two highest roles by nobody', async () => {
    const of = async (role: 'auditor' | 'incident_commander' | 'operator' | 'security_owner') =>
      (await door.holder(role, [role])).token;
    const [auditor, commander, operator, owner] = await Promise.all(
      (['auditor', 'incident_commander', 'operator', 'security_owner'] as const).map(of),
    );
    for (const [who, may] of [
      [auditor, 403],
      [commander, 403],
      [operator, 403],
      [owner, 201],
      [admin, 201],
    ] as const)
      expect((await issue({}, who)).status).toBe(may);
    for (const [who, may] of [
      [auditor, 200],
      [commander, 403],
      [operator, 403],
      [owner, 200],
      [admin, 200],
    ] as const)
      expect((await door.call(who ?? '', 'GET', '/v1/tokens')).status).toBe(may);
    const { body } = await issue({});
    for (const [who, may] of [
      [auditor, 403],
      [operator, 403],
      [commander, 200],
    ] as const)
      expect((await door.call(who ?? '', 'POST', `/v1/tokens/${body.token_sha256}/disable`)).status).toBe(may);
    for (const roles of [['org_admin'], ['security_owner'], ['viewer', 'org_admin']])
      for (const who of [admin, owner])
        expect(await issue({ roles }, who)).toMatchObject({ status: 403, body: { code: 'role_not_issuable' } });
  });

  it('stay in their workspace', async () => {
    const lab = await door.holder('lena', ['org_admin'], {}, 'lab');
    const { body } = await issue({ user: 'lou' }, lab.token);
    expect(body.workspace_id).toBe('lab');
    const path = `/v1/tokens/${body.token_sha256}`;
    expect((await door.call(admin, 'GET', path)).status).toBe(404);
    expect(await door.call(admin, 'POST', `${path}/disable`)).toMatchObject({ body: { code: 'token_not_found' } });
    expect(await status(body.token)).toBe(200);
    const users = (await door.call<TokenView[]>(lab.token, 'GET', '/v1/tokens')).body.map((t) => t.user);
    expect(users).toEqual(['lou', 'lena']);
  });

  it('are issued once for a key; a repeat is not told the text', async () => {
    const [first, again] = [
      await issue({ user: 'kim' }, admin, 'one-key'),
      await issue({ user: 'kim' }, admin, 'one-key'),
    ];
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body.token_sha256).toBe(first.body.token_sha256);
    expect(again.body).not.toHaveProperty('token');
    expect(await issue({ user: 'max' }, admin, 'one-key')).toMatchObject({
      status: 409,
      body: { code: 'idempotency_key_reused' },
    });
  });

  it('bind a reporter to what it may report', async () => {
    const { body } = await issue({ user: 'rob', roles: ['reporter'], source: 'gateway', classes: ['tool_call_burst'] });
    const report = (fields: object) =>
      door
        .call(body.token, 'POST', '/api/v1/incidents/report', {
          class: 'tool_call_burst',
          source: 'gateway',
          description: 'd',
          ...fields,
        })
        .then((r) => r.status);
    expect(await report({})).toBe(201);
    expect(await report({ source: 'another' })).toBe(403);
    expect(await report({ class: 'prompt_injection' })).toBe(403);
  });

  it.each([
    [{ user: 'a b' }, 'user'],
    [{ user: '' }, 'user'],
    [{ user: 'system' }, 'user'],
    [{ user: 'local-operator' }, 'user'],
    [{ user: 'adapter:guard' }, 'user'],
    [{ user: 'oidc:ci.example:main' }, 'user'],
    [{ user: 'offline:root' }, 'user'],
    [{ roles: [] }, 'roles'],
    [{ roles: ['king'] }, 'roles'],
    [{ roles: ['viewer', 'viewer'] }, 'roles'],
    [{ roles: 'viewer' }, 'roles'],
    [{ classes: ['none'] }, 'classes'],
    [{ expires_in: '367d' }, 'expires_in'],
    [{ expires_in: 'never' }, 'expires_in'],
    [{ label: 'x'.repeat(257) }, 'label'],
    [{ role: 'viewer' }, '/role'],
  ])('refuse %j', async (fields, path) => {
    const { status: code, body } = await issue(fields);
    expect(code).toBe(400);
    expect(JSON.stringify(body)).toContain(path.replace('/', ''));
  });

  it('are listed in pages that walk an index', async () => {
    await door.db.query(
      `INSERT INTO api_tokens (workspace_id, token_sha256, user_id, roles, created_at, not_after, actor)
        SELECT 'many', encode(sha256(n::text::bytea), 'hex'), 'u' || n, '{viewer}', now() - n * interval '1 s', now() + interval '1 d', 'x'
        FROM generate_series(1, 3000) AS n`,
    );
    await door.db.query('ANALYZE api_tokens');
    const many = (await door.holder('mia', ['org_admin'], {}, 'many')).token;
    const seen: string[] = [];
    let path: string | undefined = '/v1/tokens?limit=700';
    while (path !== undefined) {
      const page: { body: TokenView[]; link: string | null } = await door.call<TokenView[]>(many, 'GET', path);
      seen.push(...page.body.map((t) => t.user));
      path = /<([^>]+)>/.exec(page.link ?? '')?.[1];
    }
    expect(seen).toEqual(['mia', ...Array.from({ length: 3000 }, (_, i) => `u${i + 1}`)]);
    const after = { created_at: new Date(Date.now() - 1_000_000).toISOString(), token_sha256: 'f'.repeat(64) };
    const nodes = await planOf(door.db, tokenListQuery({ workspace_id: 'many', limit: 50, after }));
    expect(nodes.filter((n) => n['Node Type'] === 'Seq Scan')).toEqual([]);
    expect(rowsRead(nodes)).toBeLessThanOrEqual(51);
  });

  it('S1-10 S1-102 leave a trail of every operation and refusal that shows no token and no hash', async () => {
    const { body } = await issue({ user: 'tom' });
    await door.call(body.token, 'POST', '/api/v1/reload', {});
    await door.call('wrong', 'GET', '/v1/status');
    await door.call(admin, 'POST', `/v1/tokens/${body.token_sha256}/disable`);
    const lines = door.trail().slice(-6);
    expect(lines).toMatchObject([
      { code: 'token_used', actor: 'ada', action: 'token.issue', source: '127.0.0.1' },
      { code: 'token_issued', actor: 'ada', user: 'tom', roles: 'viewer' },
      { code: 'not_permitted', actor: 'tom', action: 'policy.reload' },
      { code: 'unauthenticated', presented: true },
      { code: 'token_used', action: 'token.disable' },
      { code: 'token_disabled', actor: 'ada', user: 'tom' },
    ]);
    const text = JSON.stringify(door.trail());
    for (const secret of [body.token, body.token_sha256, admin]) expect(text).not.toContain(secret.slice(0, 12));
  });
});
