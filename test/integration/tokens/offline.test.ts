import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { run } from '../../unit/cli/run.ts';
import type { TokenView } from '../../../domain/identity/token.ts';
import { openDoor } from './door.ts';
import type { Door } from './door.ts';

let door: Door;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door?.close());

/** Nobody listens there. */
const NOBODY = ['--base-url', 'http://127.0.0.1:9'];
const WHO = `offline:${userInfo().username}`;
const offline = (...line: string[]) => run([...line, '--database', door.databaseUrl, '--json', ...NOBODY]);
const answer = (ran: { out: string }) => JSON.parse(ran.out) as TokenView & { token: string };

describe('with the server down', () => {
  it('S0-26 S0-27 a token is issued for a user, a role and a workspace, and counts when it is up', async () => {
    const ran = await offline(
      'token',
      'issue',
      '--user',
      'alice',
      '--role',
      'approver',
      '--workspace',
      'lab',
      '--expires',
      '30d',
    );
    expect([ran.code, ran.err]).toEqual([0, 'the token is shown this once\n']);
    const { token, ...told } = answer(ran);
    expect(told).toMatchObject({ user: 'alice', roles: ['approver'], workspace_id: 'lab', issued_by: WHO });
    expect(Date.parse(told.not_after) - Date.parse(told.created_at)).toBe(30 * 86_400_000);
    expect((await door.call(token, 'GET', '/v1/status')).status).toBe(200);
    expect(await door.entries(`token/${told.token_sha256}`)).toMatchObject([
      { action: 'token_issued', actor: WHO, workspace_id: 'lab' },
    ]);
  });

  it('also of a role that the server issues to nobody', async () => {
    const { token } = answer(await offline('token', 'issue', '--user', 'ada', '--role', 'org_admin,security_owner'));
    expect((await door.call(token, 'GET', '/v1/tokens')).status).toBe(200);
    const online = await run(['token', 'issue', '--user', 'ada', '--role', 'org_admin', ...NOBODY]);
    expect([online.code, online.err]).toEqual([2, expect.stringContaining('--database')]);
  });

  it('S0-28 S0-30 a token is disabled by its SHA-256, and stops counting everywhere', async () => {
    const { token, token_sha256 } = answer(
      await offline('token', 'issue', '--user', 'eve', '--role', 'operator', '--workspace', 'lab'),
    );
    expect((await door.call(token, 'GET', '/v1/status')).status).toBe(200);
    const elsewhere = await offline('token', 'disable', '--sha256', token_sha256, '--workspace', 'other');
    expect([elsewhere.code, elsewhere.err]).toEqual([1, 'error: there is no such token (token_not_found)\n']);
    const ran = await offline('token', 'disable', '--sha256', token_sha256);
    expect(answer(ran)).toMatchObject({ state: 'disabled', disabled_by: WHO });
    await eventually(async () => (await door.call(token, 'GET', '/v1/status')).status === 401);
    const entries = await door.entries(`token/${token_sha256}`);
    expect(entries.at(-1)).toMatchObject({ action: 'token_disabled', actor: WHO, workspace_id: 'lab' });
  });

  it.each([
    [['token', 'issue', '--user', 'a b', '--role', 'viewer'], '--user'],
    [['token', 'issue', '--user', 'a', '--role', 'king'], "'king'"],
    [['token', 'issue', '--user', 'a', '--role', 'viewer', '--expires', '2y'], '--expires'],
    [['token', 'issue', '--user', 'a', '--role', 'viewer', '--workspace', 'No Name'], '--workspace'],
    [['token', 'disable', '--sha256', 'ABC'], '--sha256'],
  ])('%j is a mistake that is named', async (line, named) => {
    const ran = await offline(...line);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(named)]);
  });

  it('a database that is not there is said to be so, without its URL', async () => {
    const url = 'postgres://interlock:hunter2@127.0.0.1:9/interlock';
    const ran = await run(['token', 'disable', '--sha256', 'ab'.repeat(32), '--database', url]);
    expect([ran.code, ran.err]).toEqual([
      7,
      'error: the database did not take the connection (database_unreachable)\n',
    ]);
  });

  it('S0-29 with the server up the same commands ask the server', async () => {
    const { token: admin } = await door.holder('ada', ['org_admin']);
    const issued = await door.call<TokenView>(admin, 'POST', '/v1/tokens', { user: 'zoe', roles: ['viewer'] });
    expect(issued.status).toBe(201);
    const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs');
    const folder = mkdtempSync('/tmp/interlock-cli-');
    writeFileSync(`${folder}/admin`, admin, { mode: 0o600 });
    const online = (...line: string[]) => run([...line, '--base-url', door.api.url, '--token-file', `${folder}/admin`]);
    const made = await online(
      'token',
      'issue',
      '--user',
      'yan',
      '--role',
      'viewer,operator',
      '--label',
      'desk',
      '--json',
    );
    const { token_sha256 } = answer(made);
    expect((await online('token', 'list')).out).toMatch(/^yan +viewer operator +active .* desk /m);
    expect((await online('token', 'show', token_sha256)).out).toContain('state: active\n');
    const disabled = await online('token', 'disable', '--sha256', token_sha256);
    expect(disabled.out).toMatch(/^disabled: .* by ada$/m);
    rmSync(folder, { recursive: true });
  });
});
