import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeServer, nobody, problem, run } from './run.ts';
import { removeTree } from '../../support/remove-tree.ts';

function tokenFile(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'interlock-cli-'));
  onTestFinished(() => removeTree(dir));
  writeFileSync(join(dir, 'token'), text);
  return join(dir, 'token');
}

const resolve = ['incident', 'resolve', 'INC-1', '--base-url'];

describe('what the server refuses', () => {
  it.each([
    [400, 'validation_failed', 2],
    [401, 'unauthenticated', 6],
    [403, 'not_permitted', 6],
    [404, 'incident_not_found', 1],
    [409, 'recovery_incomplete', 4],
    [409, 'second_person_required', 3],
    [413, 'payload_too_large', 2],
    [429, 'too_many_requests', 7],
    [500, 'internal', 7],
    [503, 'temporal_unreachable', 7],
  ])('%i %s ends with its exit code', async (status, code, exit) => {
    const { url } = await fakeServer(() => problem(status, code));
    const ran = await run([...resolve, url]);
    expect(ran).toEqual({ code: exit, out: '', err: `error: because of ${code} (${code})\n` });
  });

  it('names fields, what is missing and the claims that failed', async () => {
    const answers = {
      fields: [{ path: 'severity', code: 'unknown_severity' }],
      missing: ['ack', 'reattest'],
      claims: ['local: pcr_23'],
    };
    const { url } = await fakeServer(() => problem(409, 'appraisal_failed', answers));
    const { err } = await run([...resolve, url]);
    expect(err.split('\n').slice(1, 4)).toEqual([
      '  severity: unknown_severity',
      '  missing: ack, reattest',
      '  failed: local: pcr_23',
    ]);
    const asJson = await run([...resolve, url, '--json']);
    expect(JSON.parse(asJson.out)).toMatchObject({ code: 'appraisal_failed', ...answers });
    expect(asJson.code).toBe(4);
  });

  it('a proxy that answers in its own words is not taken for the server', async () => {
    const { url } = await fakeServer(() => ({ status: 502, body: 'bad gateway' }));
    expect(await run([...resolve, url])).toMatchObject({
      code: 7,
      err: 'error: the server answered with status 502 (http_502)\n',
    });
  });
});

describe('a server that cannot be reached', () => {
  it('says why, exit code 7', async () => {
    const url = await nobody();
    const { code, err } = await run(['health', '--base-url', url]);
    expect([code, err]).toEqual([7, `error: the server at ${url} is unreachable: connection refused (unreachable)\n`]);
  });

  it('is never followed elsewhere with the token', async () => {
    const other = await fakeServer(() => ({}));
    const { url } = await fakeServer(() => ({ status: 302, headers: { Location: `${other.url}/health` } }));
    const ran = await run(['health', '--base-url', url, '--token-file', tokenFile('secret-token\n')]);
    expect(ran).toMatchObject({ code: 7, out: '' });
    expect(ran.err).toContain('it redirects elsewhere');
    expect(other.seen).toEqual([]);
  });
});

describe('credentials', () => {
  it('come from the token file and are never printed', async () => {
    const { url, seen } = await fakeServer(() => problem(401, 'unauthenticated'));
    const ran = await run([...resolve, url, '--token-file', tokenFile('secret-token\n')]);
    expect(seen[0]?.headers.authorization).toBe('Bearer secret-token');
    expect(ran.out + ran.err).not.toContain('secret-token');
    const broken = await run([...resolve, url, '--token-file', tokenFile('two words')]);
    expect(broken.code).toBe(2);
    expect(broken.err).not.toContain('two words');
  });
});

describe('a decision whose outcome nobody knows', () => {
  it.each([[{ hangUp: true as const }], [problem(503, 'outcome_unknown')]])(
    'is sent again under its key',
    async (lost) => {
      const { url, seen } = await fakeServer((_asked, n) => (n === 1 ? lost : { body: { status: 'reloaded' } }));
      expect((await run(['reload', '--base-url', url])).code).toBe(0);
      expect(seen).toHaveLength(2);
      expect(seen[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
      expect(seen[1]?.headers['idempotency-key']).toBe(seen[0]?.headers['idempotency-key']);
    },
  );
});
