import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { joinTokens } from '../../../api/auth/raw-token-files.ts';
import { openAuthentication } from '../../../api/auth/open-authentication.ts';
import { parseTokens } from '../../../api/auth/tokens-file.ts';
import { openDatabase } from '../../../db/client.ts';
import { eventually } from '../../support/eventually.ts';
import { testDatabase } from '../../support/postgres.ts';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

const root = mkdtempSync(join(tmpdir(), 'interlock-raw-'));
const FILES = { admin: join(root, 'admin.token'), readonly: join(root, 'readonly.token') };
type Privilege = keyof typeof FILES;

/** As the runbook has it: FILE.next with 0600, then the rename. */
function rotate(privilege: Privilege, token: string, mode = 0o600): void {
  const file = FILES[privilege];
  writeFileSync(`${file}.next`, `${token}\n`, { mode });
  chmodSync(`${file}.next`, mode);
  renameSync(`${file}.next`, file);
}

const log: Record<string, unknown>[] = [];
let api: ApiUnderTest;
let end: () => Promise<void>;
beforeAll(async () => {
  rotate('admin', 'admin-token-0-0123456789');
  rotate('readonly', 'readonly-token-0-0123456789');
  const own = await testDatabase();
  const db = openDatabase({ url: own.url, name: 'test-auth', max: 2 });
  const logger = pino({}, { write: (line) => log.push(JSON.parse(line) as Record<string, unknown>) });
  const { auth, close } = await openAuthentication(
    {
      loopbackTrust: false,
      tokensFile: undefined,
      adminTokenFile: FILES.admin,
      readonlyTokenFile: FILES.readonly,
      stateRoot: root,
      databaseUrl: own.url,
    },
    { db, log: logger },
  );
  api = await startApi({ auth });
  end = async () => {
    await api.close();
    await close();
    await db.end();
    await own.drop();
  };
});
afterAll(async () => {
  await end?.();
  rmSync(root, { recursive: true });
});
beforeEach(() => void log.splice(0));

const as = (token: string) => ({ Authorization: `Bearer ${token}` });
const status = (token: string) => api.get('/v1/status', { headers: as(token) }).then((r) => r.status);
const reload = (token: string) => api.post('/api/v1/reload', {}, as(token)).then((r) => r.status);
const counts = (token: string, code = 200) => eventually(async () => (await status(token)) === code);
const trail = () => readFileSync(join(root, 'auth', 'audit.jsonl'), 'utf8');

describe('the two token files', () => {
  it('S1-03 S1-06 S1-28 S1-86 are two privileges, and without a token there is none', async () => {
    rotate('admin', 'admin-token-1-0123456789');
    rotate('readonly', 'readonly-token-1-0123456789');
    await counts('admin-token-1-0123456789');
    await counts('readonly-token-1-0123456789');
    expect(await reload('admin-token-1-0123456789')).toBe(200);
    expect(await reload('readonly-token-1-0123456789')).toBe(403);
    expect((await api.get('/v1/status')).status).toBe(401);
  });

  it('S1-18 S1-70 S1-72 S1-85 S1-109 are replaced by a rename: the old token fails, the new one runs status', async () => {
    rotate('admin', 'admin-token-2-0123456789');
    await counts('admin-token-2-0123456789');
    rotate('admin', 'admin-token-3-0123456789');
    await counts('admin-token-2-0123456789', 401);
    await counts('admin-token-3-0123456789');
    expect(trail()).toContain('token_file_loaded');
    expect(trail()).toContain('"code":"unauthenticated","source":"127.0.0.1"');
  });

  it('S1-71 never hold one token at a time: neither counts, and the log names the files', async () => {
    rotate('admin', 'admin-token-4-0123456789');
    rotate('readonly', 'readonly-token-4-0123456789');
    await counts('readonly-token-4-0123456789');
    rotate('readonly', 'admin-token-4-0123456789');
    await counts('admin-token-4-0123456789', 401);
    await counts('readonly-token-4-0123456789', 401);
    expect(log).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ level: 50, file: FILES.admin, reason: 'not_distinct' }),
        expect.objectContaining({ level: 50, file: FILES.readonly, reason: 'not_distinct' }),
      ]) as unknown[],
    );
    // What a file held last still stands for it while it cannot be read.
    rmSync(FILES.readonly);
    await eventually(async () => (await status('x'), log.some((l) => l['reason'] === 'unreadable')));
    expect(await status('admin-token-4-0123456789')).toBe(401);
    rotate('readonly', 'readonly-token-5-0123456789');
    await counts('admin-token-4-0123456789');
    await counts('readonly-token-5-0123456789');
  });

  it.each([
    ['others may read', 'a-token-of-others-0123456789', 0o640, 'mode'],
    ['is short', 'nineteen-characters', 0o600, 'malformed'],
    ['holds two words', 'one-token-0123456789 two', 0o600, 'malformed'],
  ])('count for nobody when one %s; the other goes on', async (_what, token, mode, reason) => {
    rotate('admin', 'admin-token-6-0123456789');
    rotate('readonly', 'readonly-token-6-0123456789');
    await counts('admin-token-6-0123456789');
    await counts('readonly-token-6-0123456789');
    rotate('admin', token, mode);
    await counts('admin-token-6-0123456789', 401);
    expect(await status(token)).toBe(401);
    const seen = await api.get('/v1/status', { headers: as('readonly-token-6-0123456789') });
    expect([seen.status, await seen.json()]).toMatchObject([
      200,
      { health: { warnings: [{ code: 'token_file_refused', detail: `the admin token file: ${reason}` }] } },
    ]);
    expect(log).toContainEqual(expect.objectContaining({ event: 'token_file_refused', file: FILES.admin, reason }));
  });

  it('S1-10 never stand in log or trail', async () => {
    expect(await status('admin-token-6-0123456789-wrong')).toBe(401);
    for (const text of [trail(), JSON.stringify(log)]) expect(text).not.toMatch(/(admin|readonly)-token-\d/);
  });
});

describe('sources of tokens together', () => {
  it('do not say two things about one token', async () => {
    expect.assertions(2);
    const of = (...pairs: [string, string][]) =>
      parseTokens(JSON.stringify(pairs.map(([c, role]) => ({ sha256: c.repeat(64), user: 'u', role }))));
    const joined = await joinTokens(
      [
        () => Promise.resolve(of(['a', 'viewer'], ['b', 'viewer'])),
        () => Promise.resolve(of(['b', 'operator'], ['c', 'operator'])),
      ],
      (count) => expect(count).toBe(1),
    )();
    expect([...joined.keys()].map((sha256) => sha256[0])).toEqual(['a', 'c']);
  });
});
