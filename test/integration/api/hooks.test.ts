import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTokens } from '../../../api/auth/tokens-file.ts';
import { loadHooksFile } from '../../../config/hooks-file.ts';
import { rows } from '../../../db/client.ts';
import { activeHooks, ensureHooks } from '../../../db/command/apply-hooks.ts';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { hooksFor } from '../../../domain/hook/hooks.ts';
import type { HookSet } from '../../../domain/hook/hooks.ts';
import { run } from '../../unit/cli/run.ts';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { removeTree } from '../../support/remove-tree.ts';

const pager = {
  name: 'pager',
  url: 'https://pager.example.com/hook',
  events: ['alert' as const, 'page' as const],
  min_severity: 'high' as const,
  secret: { ref: 'slot:notifier.pager' },
  internal: false,
};
const risky = { ...pager, name: 'risky', url: 'https://elsewhere.example.com/' };
const setOf = (...hooks: HookSet['hooks']): HookSet => ({ version: 1, hooks });
const digestOf = (set: object) => createHash('sha256').update(canonicalJson(set)).digest('hex');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const folder = mkdtempSync(join(tmpdir(), 'interlock-hooks-'));
const inFile = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
let api: ApiUnderTest;
let open: ApiUnderTest;
beforeAll(async () => {
  const entries = [
    ...['security_owner', 'org_admin', 'viewer'].map((role) => ({ sha256: sha256(role), user: role, role })),
    { sha256: sha256('other'), user: 'other', role: 'security_owner', workspace: 'other' },
  ];
  api = await startApi({ auth: { loopbackTrust: false, tokens: async () => parseTokens(JSON.stringify(entries)) } });
  open = await startApi({ databaseUrl: api.databaseUrl });
});
afterAll(async () => {
  await open?.close();
  await api?.close();
  removeTree(folder);
});

const as = (who: string) => ({ Authorization: `Bearer ${who}`, 'Content-Type': 'application/json' });
async function apply(who: string, set: unknown, digest: unknown = digestOf(set as object)) {
  const body = JSON.stringify({ set, digest });
  const response = await api.get('/v1/hooks', { method: 'PUT', headers: as(who), body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const listed = async () => (await (await api.get('/v1/hooks', { headers: as('viewer') })).json()) as object;

describe('hooks', () => {
  it('are none until a set was applied', async () => {
    expect(await listed()).toEqual({ digest: null, hooks: [] });
  });

  it('S1-108 are swapped as a whole for the reviewed set, named by its digest', async () => {
    const both = setOf(pager, risky);
    expect(await apply('security_owner', both)).toMatchObject({ status: 200, body: { digest: digestOf(both) } });
    expect(await listed()).toMatchObject({
      digest: digestOf(both),
      activated_by: 'security_owner',
      hooks: [pager, risky],
    });
    const one = setOf(pager);
    expect(await apply('security_owner', one, digestOf(both))).toMatchObject({
      status: 409,
      body: { code: 'digest_mismatch', detail: expect.stringContaining(digestOf(one)) as string },
    });
    expect(await listed()).toMatchObject({ digest: digestOf(both) });
    expect((await apply('security_owner', one)).status).toBe(200);
    expect(await listed()).toMatchObject({ digest: digestOf(one), hooks: [pager] });
    const entries = await rows<{ detail: object; actor: string }>(
      api.db,
      `SELECT detail::jsonb AS detail, actor FROM ledger_entries WHERE object = 'policy/hooks' ORDER BY entry_id`,
    );
    expect(entries).toMatchObject([
      { actor: 'security_owner', detail: { digest: digestOf(both), previous: null } },
      { actor: 'security_owner', detail: { digest: digestOf(one), previous: digestOf(both) } },
    ]);
  });

  it('are the security owner to swap, of the instance', async () => {
    for (const who of ['org_admin', 'viewer', 'other']) expect((await apply(who, setOf())).status, who).toBe(403);
    expect((await api.get('/v1/hooks')).status).toBe(401);
  });

  it.each([
    ['set.version', { version: 2, hooks: [] }],
    ['set.hooks[0].url', setOf({ ...pager, url: 'ftp://pager.example.com/' })],
    ['set.hooks[0].url', setOf({ ...pager, url: 'https://user:pass@pager.example.com/' })],
    ['set.hooks[0].secret.ref', setOf({ ...pager, secret: { ref: 'hunter2' } })],
    ['set.hooks[0].events', setOf({ ...pager, events: [] })],
    ['set.hooks[0].command', setOf({ ...pager, command: 'rm' } as never)],
    ['set.hooks', setOf(pager, pager)],
  ])('are refused for %s', async (path, set) => {
    const reply = await apply('security_owner', set);
    expect(reply.status).toBe(400);
    expect(JSON.stringify(reply.body)).not.toContain('hunter2');
    const [field] = reply.body['fields'] as { path: string }[];
    expect(path === 'set.hooks' ? 'set.hooks' : field?.path).toBe(path);
  });

  it('come from a file at the first start only, as from the command line', async () => {
    const file = inFile('hooks.yaml', `version: 1\nhooks:\n  - ${JSON.stringify(risky)}\n`);
    await ensureHooks(api.db, loadHooksFile(file), 'system');
    expect((await activeHooks(api.db))?.digest).toBe(digestOf(setOf(pager)));
    expect(() => loadHooksFile(inFile('wrong.yaml', 'version: 1\nhooks: [{name: a}]\n'))).toThrow(/hooks\[0\]/);
    for (const [text, code] of [
      ['hooks: [', 'malformed_yaml'],
      [undefined, 'unreadable'],
    ] as const) {
      const path = text === undefined ? '/nowhere' : inFile('torn.yaml', text);
      expect(() => loadHooksFile(path)).toThrow(expect.objectContaining({ name: 'ReviewedFileError', code }) as Error);
    }

    const shown = await run(['hooks', 'apply', file, '--base-url', open.url]);
    expect(shown).toMatchObject({ code: 3, out: expect.stringContaining(digestOf(setOf(risky))) as string });
    const wrong = await run(['hooks', 'apply', file, '--digest', digestOf({}), '--base-url', open.url]);
    expect(wrong.code).toBe(4);
    expect((await run(['hooks', 'apply', file, '--digest', digestOf(setOf(risky)), '--base-url', open.url])).code).toBe(
      0,
    );
    expect((await run(['hooks', 'list', '--base-url', open.url])).out).toContain('https://elsewhere.example.com/');
    expect((await run(['hooks', 'apply', inFile('x', 'hooks: ['), '--base-url', open.url])).code).toBe(2);
  });

  it('show what became of each delivery, and have a dead one sent again', async () => {
    await api.db.query(
      `INSERT INTO deliveries (workspace_id, delivery_id, hook, notification_id, severity_rank, body, state, attempts, created_at, actor)
        SELECT 'default', 'DLV-000000000000000' || n, 'pager', n, 1, '{}', CASE n WHEN 1 THEN 'dead' ELSE 'delivered' END, 1,
          now() + n * interval '1 second', 't' FROM generate_series(1, 3) AS n`,
    );
    const get = (path: string, who = 'viewer') => api.get(`/v1/deliveries${path}`, { headers: as(who) });
    const ids = async (path: string) =>
      ((await (await get(path)).json()) as { delivery_id: string }[]).map((d) => d.delivery_id.at(-1));
    expect(await ids('')).toEqual(['3', '2', '1']);
    expect(await ids('?state=dead')).toEqual(['1']);
    const page = await get('?limit=2');
    const next = /<[^>]*(\?[^>]*)>/.exec(page.headers.get('link') ?? '')?.[1] ?? '';
    expect(await ids(next)).toEqual(['1']);
    expect((await get('?state=lost')).status).toBe(400);
    expect(await (await get('/DLV-0000000000000001')).json()).toMatchObject({ state: 'dead', body: '{}' });
    expect((await get('/DLV-0000000000000009')).status).toBe(404);
    expect((await get('', 'other')).status).toBe(200);
    expect(await (await get('', 'other')).json()).toEqual([]);

    const retry = async (n: number, who = 'security_owner') =>
      (await api.get(`/v1/deliveries/DLV-000000000000000${n}/retry`, { method: 'POST', headers: as(who) })).status;
    expect([await retry(1, 'viewer'), await retry(2), await retry(1), await retry(1)]).toEqual([403, 409, 200, 409]);
    const shown = await run(['deliveries', 'show', 'DLV-0000000000000001', '--base-url', open.url]);
    expect(shown.out).toContain('pending');
    expect((await run(['deliveries', 'list', '--state', 'dead', '--base-url', open.url])).code).toBe(0);
    expect((await run(['deliveries', 'retry', 'DLV-0000000000000002', '--base-url', open.url])).code).toBe(4);
  });

  it('are told what they ask for: by kind, from a severity on', () => {
    const set = setOf(pager, { ...risky, events: ['reminder'], min_severity: 'low' });
    const names = (kind: 'alert' | 'reminder', severity: 'critical' | 'high' | 'medium') =>
      hooksFor(set, { kind, severity }).map((h) => h.name);
    expect([names('alert', 'critical'), names('alert', 'high'), names('alert', 'medium')]).toEqual([
      ['pager'],
      ['pager'],
      [],
    ]);
    expect(names('reminder', 'medium')).toEqual(['risky']);
  });
});
