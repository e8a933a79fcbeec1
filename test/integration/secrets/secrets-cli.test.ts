import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshMasterKey } from '../../support/secrets.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';
import { run } from '../../unit/cli/run.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';

const VALUE = 'sk-from-the-environment';
const SLOT = 'sidecars.webhook.routes';
let api: ApiUnderTest;
const master = freshMasterKey();
beforeAll(async () => {
  api = await startApi({ masterKey: () => master });
});
afterAll(async () => {
  await api?.close();
});

const interlock = (...argv: string[]) => run([...argv, '--base-url', api.url], { OPENAI_API_KEY: VALUE, BLANK: '' });
const json = async (...argv: string[]) => {
  const { code, out } = await interlock(...argv, '--json');
  return { code, body: JSON.parse(out) as Record<string, unknown> };
};
const read = async (lease: Record<string, unknown>) => {
  const headers = { Authorization: `Bearer ${String(lease['secret'])}` };
  const answer = await api.post(`/v1/leases/${String(lease['lease_id'])}/read`, {}, headers);
  return (await answer.json()) as { value?: string; code?: string };
};
const when = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string;

describe('secrets set', () => {
  it('S1-73 takes a value from the environment and says nothing of it', async () => {
    const ran = await interlock('secrets', 'set', 'openai.prod', '--kind', 'openai', '--from-env', 'OPENAI_API_KEY');
    expect(ran).toEqual({ code: 0, out: 'slot: openai.prod\nversion: 1\nleases_revoked: 0\n', err: '' });
    expect(await read((await json('lease', 'issue', 'openai.prod', '--subject', 'run:1')).body)).toMatchObject({
      value: VALUE,
    });
  });

  it('S1-77 takes one from a file, without its last line break', async () => {
    const path = join(temporaryStateRoot(), 'value');
    writeFileSync(path, 'from a file\n', { mode: 0o600 });
    expect((await interlock('secrets', 'set', SLOT, '--from-file', path)).code).toBe(0);
    expect(await read((await json('lease', 'issue', SLOT, '--subject', 'run:1')).body)).toMatchObject({
      value: 'from a file',
    });
  });

  it.each([
    [['--value', 'hunter2'], /--value is refused: .*ps/],
    [['--value', 'hunter2', '--from-env', 'OPENAI_API_KEY'], /--value is refused/],
    [[], /one of --from-env and --from-file/],
    [['--from-env', 'OPENAI_API_KEY', '--from-file', 'x'], /one of --from-env and --from-file/],
    [['--from-env', 'BLANK'], /BLANK is not set/],
    [['--from-file', '/nowhere/x'], /ENOENT/],
  ])('with %j is refused, and repeats no value', async (flags, sentence) => {
    const ran = await interlock('secrets', 'set', 'refused', ...flags);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(sentence);
    expect(ran.out + ran.err).not.toContain('hunter2');
    expect((await api.get('/v1/secrets/refused')).status).toBe(404);
  });
});

it('S1-140 revokes a subject and a slot, and what is answered has this shape', async () => {
  const { body: lease } = await json('lease', 'issue', SLOT, '--subject', 'session:1', '--ttl', '60');
  expect(lease).toEqual({
    lease_id: expect.stringMatching(/^LSE-\d{8}-[0-9a-f]{16}$/) as string,
    slot: SLOT,
    subject: 'session:1',
    issued_at: when,
    not_after: when,
    secret: expect.stringMatching(/^ilse_[A-Za-z0-9_-]{43}$/) as string,
  });
  const id = String(lease['lease_id']);
  expect((await json('lease', 'renew', id, '--ttl', '120')).body).toEqual({
    lease_id: id,
    not_after: when,
    renewed_at: when,
  });
  const shown = await json('lease', 'show', id);
  expect(shown).toEqual({
    code: 0,
    body: {
      lease_id: id,
      slot: SLOT,
      subject: 'session:1',
      state: 'active',
      issued_at: when,
      issued_by: 'local-operator',
      renewed_at: when,
      not_after: when,
    },
  });
  expect(await json('lease', 'revoke-subject', 'session:1')).toEqual({
    code: 0,
    body: { status: 'revoked', subject: 'session:1', leases_revoked: 1, revoked_at: when },
  });
  expect(await json('lease', 'show', id)).toMatchObject({ code: 1, body: { state: 'revoked', revoked_by: 'subject' } });
  expect(await read(lease)).toMatchObject({ code: 'lease_revoked' });
  await json('lease', 'issue', SLOT, '--subject', 'session:2');
  // Together with the lease of the test that set the slot.
  expect(await json('lease', 'revoke-slot', SLOT)).toEqual({
    code: 0,
    body: { status: 'revoked', slot: SLOT, leases_revoked: 2, revoked_at: when },
  });
  const subject = await interlock('lease', 'subject', 'session:2');
  expect(subject.out).toMatch(/live_leases: 0[^]*revoked \(slot\)/);
  expect((await interlock('lease', 'renew', id)).code).toBe(4);
});

it('stages a value that is not in force, of a slot that there is', async () => {
  expect(await json('secrets', 'set', 'nowhere', '--from-env', 'OPENAI_API_KEY', '--stage')).toMatchObject({
    code: 1,
    body: { code: 'secret_not_found' },
  });
  await interlock('secrets', 'set', 'waits', '--from-env', 'OPENAI_API_KEY');
  const lease = (await json('lease', 'issue', 'waits', '--subject', 'run:1')).body;
  const staged = await json('secrets', 'set', 'waits', '--from-env', 'OPENAI_API_KEY', '--stage');
  expect(staged.body).toMatchObject({ version: 2, leases_revoked: 0 });
  expect((await json('secrets', 'set', 'waits', '--from-env', 'OPENAI_API_KEY', '--stage')).body).toMatchObject({
    version: 3,
  });
  expect(await read(lease)).toMatchObject({ value: VALUE });
  const shown = (await json('secrets', 'show', 'waits')).body;
  expect(shown).toMatchObject({ version: 1, staged_version: 3, previous_version: null });
  const versions = shown['versions'] as { version: number; destroyed_at: string | null }[];
  expect(versions.map((v) => [v.version, v.destroyed_at !== null])).toEqual([
    [3, false],
    [2, true],
    [1, false],
  ]);
  expect((await interlock('secrets', 'rollback', 'waits', '--to', '3')).code).not.toBe(0);
  expect((await interlock('secrets', 'set', 'waits', '--from-env', 'OPENAI_API_KEY')).out).toContain('version: 4');
  expect((await json('secrets', 'show', 'waits')).body).toMatchObject({
    version: 4,
    staged_version: 3,
    previous_version: 1,
  });
});

it('lists, shows and rolls back, never with a value', async () => {
  await interlock('secrets', 'set', 'rolled', '--from-env', 'OPENAI_API_KEY');
  await interlock('secrets', 'set', 'rolled', '--from-env', 'OPENAI_API_KEY');
  expect((await interlock('secrets', 'rollback', 'rolled', '--to', '1')).out).toContain('version: 3');
  const { out } = await interlock('secrets', 'show', 'rolled');
  expect(out).toContain(`master_key_id: ${master.key_id}`);
  expect(out.split('\n').filter((line) => line.includes('local-operator'))).toHaveLength(3);
  expect((await interlock('secrets', 'list')).out).toMatch(/SLOT[^]*rolled +generic +subject +3/);
  expect(out + (await interlock('secrets', 'list')).out).not.toContain(VALUE);
});
