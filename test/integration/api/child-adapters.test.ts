import { createHash } from 'node:crypto';
import { writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTokens } from '../../../api/auth/tokens-file.ts';
import { leaseChild } from '../../../db/command/adapter-children.ts';
import { findAdapter } from '../../../db/read/adapters.ts';
import { json, startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { removeTree } from '../../support/remove-tree.ts';

const CHILD = {
  mode: 'child_process',
  command: '/usr/local/bin/sidecar',
  args: ['--quiet'],
  credential_slots: [{ slot: 'sidecar.key', env: 'SIDECAR_KEY' }],
  actions: ['freeze_agent'],
};

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const folder = mkdtempSync(join(tmpdir(), 'interlock-commands-'));
const commands = { file: join(folder, 'commands'), env: 'production' as const };
let api: ApiUnderTest;
beforeAll(async () => {
  const tokens = parseTokens(
    JSON.stringify(
      ['security_owner', 'org_admin', 'operator', 'viewer'].map((role) => ({ sha256: sha256(role), user: role, role })),
    ),
  );
  writeFileSync(commands.file, '/usr/local/bin/sidecar\n');
  api = await startApi({ auth: { loopbackTrust: false, tokens: async () => tokens }, commands });
});
afterAll(async () => {
  await api?.close();
  removeTree(folder);
});

const as = (role: string) => ({ Authorization: `Bearer ${role}`, 'Content-Type': 'application/json' });
const put = (role: string, body: unknown) =>
  api.get('/v1/adapters/side', { method: 'PUT', headers: as(role), body: JSON.stringify(body) });

describe('an adapter that is a child process, at the door', () => {
  it('is put only by who may have commands run, and only for a reviewed command', async () => {
    expect((await put('org_admin', CHILD)).status).toBe(403);
    const other = await put('security_owner', { ...CHILD, command: '/usr/local/bin/other' });
    expect({ status: other.status, body: await other.json() }).toMatchObject({
      status: 403,
      body: { code: 'command_not_allowed' },
    });
    expect((await put('security_owner', CHILD)).status).toBe(201);
    writeFileSync(commands.file, '# nothing\n');
    expect((await put('security_owner', CHILD)).status).toBe(403);
  });

  it.each([
    ['command', { command: 'sidecar' }],
    ['command', { command: '/usr/bin/../bin/sidecar' }],
    ['command', { command: '/usr/bin/side\ncar' }],
    ['args[0]', { args: ['a\u0000b'] }],
    ['args', { args: 'a b' }],
    ['credential_slots[0].env', { credential_slots: [{ slot: 'a', env: 'INTERLOCK_LEASE_TOKEN' }] }],
    ['credential_slots[0].env', { credential_slots: [{ slot: 'a', env: 'LD_PRELOAD' }] }],
    ['credential_slots[0].slot', { credential_slots: [{ slot: 'A B', env: 'A' }] }],
    ['credential_slots[0].value', { credential_slots: [{ slot: 'a', env: 'A', value: 'inline' }] }],
    [
      'credential_slots',
      {
        credential_slots: [
          { slot: 'a', env: 'A' },
          { slot: 'b', env: 'A' },
        ],
      },
    ],
    ['url', { url: 'http://127.0.0.1/' }],
    ['secret', { secret: 'inline' }],
  ])('is refused for its %s', async (path, wrong) => {
    const reply = await put('security_owner', { ...CHILD, ...wrong });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ fields: [{ path }] });
  });

  it('S1-89 is listed with its lease, whose token and digest nobody sees', async () => {
    const adapter = (await findAdapter(api.db, 'default', 'side'))!;
    const lease = (await leaseChild(api.db, adapter, {
      version: adapter.version,
      slots: [{ slot: 'sidecar.key', version: 3 }],
    }))!;
    const listed = await api.get('/v1/adapters', { headers: as('viewer') });
    const text = await listed.text();
    expect(JSON.parse(text)).toMatchObject([
      {
        ...CHILD,
        child: { lease_id: lease.lease_id, adapter_version: 1, slots: [{ slot: 'sidecar.key', version: 3 }] },
      },
    ]);
    for (const hidden of [lease.token, sha256(lease.token), 'digest']) expect(text).not.toContain(hidden);
  });

  it('is restarted by who looks after it', async () => {
    const restart = (role: string, name = 'side') =>
      api.get(`/v1/adapters/${name}/restart`, { method: 'POST', headers: as(role) });
    expect((await restart('viewer')).status).toBe(403);
    expect(await json(restart('operator'))).toEqual({ status: 'restarting', version: 2 });
    expect((await restart('operator', 'nobody')).status).toBe(404);
  });

  it('becomes an external one when it is put as one', async () => {
    const external = {
      mode: 'external',
      url: 'http://127.0.0.1:9/',
      actions: ['freeze_agent'],
      secret: { ref: 'env:ADAPTER_SECRET' },
      internal: true,
    };
    expect((await put('security_owner', external)).status).toBe(200);
    const [listed] = await json<Record<string, unknown>[]>(api.get('/v1/adapters', { headers: as('viewer') }));
    expect(listed).toMatchObject({ mode: 'external', url: 'http://127.0.0.1:9/' });
    expect(listed).not.toHaveProperty('command');
  });
});
