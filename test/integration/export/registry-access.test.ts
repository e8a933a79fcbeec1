import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UpstreamDeps } from '../../../activities/upstreams/deps.ts';
import { rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { disableToken } from '../../../db/command/tokens.ts';
import { registryOf } from '../../../workers/exports/registry-access.ts';
import type { RegistryEnv } from '../../../workers/exports/registry-access.ts';
import { upstreamSecret } from '../../../workers/upstreams/secrets.ts';
import { BUNDLE, freshFiles, startRegistry, TOKEN } from '../../support/export-registry.ts';
import type { ExportRegistry } from '../../support/export-registry.ts';
import { startUpstreams } from '../../support/upstreams.ts';
import type { UpstreamsUnderTest } from '../../support/upstreams.ts';
import { manifestOf, nameOf, publish, put } from '../registry/support.ts';
import { openDoor } from '../tokens/door.ts';
import type { Door } from '../tokens/door.ts';

const VARIABLE = 'EXPORT_REGISTRY_TOKEN';
const OPERATOR = { workspace_id: 'default', actor: 'offline:root', on_behalf_of: null };

const nobody: UpstreamDeps = {
  readSecret: () => Promise.reject(new Error('asked for a secret')),
  accessToken: () => Promise.reject(new Error('asked for a login')),
};
const asked = (db: Database, env: RegistryEnv, upstreams: UpstreamDeps = nobody, workspace = 'default') =>
  registryOf(env, { db, upstreams })(workspace).then((registry) => registry.bundle(BUNDLE));

describe('a registry of its own', () => {
  let registry: ExportRegistry;
  let world: UpstreamsUnderTest;
  let env: RegistryEnv;
  let upstreams: UpstreamDeps;
  beforeAll(async () => {
    registry = await startRegistry();
    await registry.publish(freshFiles());
    world = await startUpstreams();
    env = { registryUrl: registry.api.url, baseUrl: world.api.url, loopbackTrust: true };
    upstreams = { ...nobody, readSecret: upstreamSecret({ db: world.api.db, masterKey: world.masterKey }) };
    process.env[VARIABLE] = TOKEN;
  });
  afterAll(async () => {
    Reflect.deleteProperty(process.env, VARIABLE);
    await world?.close();
    await registry?.close();
  });
  const entry = (more: object = {}) => ({
    name: 'registry',
    kind: 'registry',
    url: `${registry.api.url}/`,
    internal: true,
    auth_ref: `env:${VARIABLE}`,
    ...more,
  });

  it('S0-08 is asked with the credential of its upstream, which is read at each request', async () => {
    await world.load(entry());
    expect((await asked(world.api.db, env, upstreams)).bundle).toMatchObject(BUNDLE);
    process.env[VARIABLE] = 'rotated-away-and-not-known';
    await expect(asked(world.api.db, env, upstreams)).rejects.toMatchObject({ code: 'registry_auth_failed' });
    Reflect.deleteProperty(process.env, VARIABLE);
    await expect(asked(world.api.db, env, upstreams)).rejects.toMatchObject({ code: 'registry_auth_failed' });
    process.env[VARIABLE] = TOKEN;
    expect((await asked(world.api.db, env, upstreams)).bundle).toMatchObject(BUNDLE);
  });

  it('is found ready by what it says of its health, and its credential by what nobody else is shown', async () => {
    await world.load(entry());
    expect(await world.check(['readiness', 'auth'], 'registry')).toEqual({
      'registry auth': 'ok',
      'registry readiness': 'ok',
    });
    await world.load(entry({ auth_ref: `env:${VARIABLE}_THAT_IS_NOT_SET` }));
    expect(await world.check(['readiness', 'auth'], 'registry')).toEqual({
      'registry auth': 'reference_missing',
      'registry readiness': 'ok',
    });
  });

  it('without an upstream is shown no credential, and is not reached on our own network', async () => {
    await world.load();
    await expect(asked(world.api.db, env, upstreams)).rejects.toMatchObject({ code: 'registry_unreachable' });
    await world.load(entry({ kind: 'provider' }));
    await expect(asked(world.api.db, env, upstreams)).rejects.toMatchObject({ code: 'registry_unreachable' });
  });
});

describe('the instance as its own registry', () => {
  it('is asked in the workspace of the export where loopback is trusted', async () => {
    const world = await startUpstreams();
    try {
      const { url, db } = world.api;
      const files = freshFiles();
      for (const bytes of Object.values(files)) await put(url, bytes, `/v1/registry/blobs/${nameOf(bytes)}`, 'team-a');
      await publish(url, BUNDLE.name, BUNDLE.version, manifestOf(files, files.LICENSE), 'team-a');
      const env = { registryUrl: url, baseUrl: url, loopbackTrust: true };
      expect((await asked(db, env, nobody, 'team-a')).bundle).toMatchObject(BUNDLE);
      await expect(asked(db, env, nobody, 'team-b')).rejects.toMatchObject({ code: 'bundle_unregistered' });
    } finally {
      await world.close();
    }
  });

  describe('where nobody gets in without a token', () => {
    let door: Door;
    let env: RegistryEnv;
    beforeAll(async () => {
      door = await openDoor();
      env = { registryUrl: door.api.url, baseUrl: door.api.url, loopbackTrust: false };
    });
    afterAll(() => door?.close());
    const issued = (workspace_id: string) =>
      rows<{ token_sha256: string; roles: string[]; actor: string; lifetime: number }>(
        door.db,
        `SELECT token_sha256, roles, actor, extract(epoch FROM not_after - created_at)::int AS lifetime FROM api_tokens
          WHERE workspace_id = $1 AND user_id = 'export-worker' ORDER BY created_at, token_sha256`,
        [workspace_id],
      );
    const unregistered = { code: 'bundle_unregistered' };

    it('it is asked by a token of a quarter of an hour, that is on record and reads only', async () => {
      const registry = await registryOf(env, { db: door.db, upstreams: nobody })('team-a');
      await expect(registry.bundle(BUNDLE)).rejects.toMatchObject(unregistered);
      await expect(registry.bundle(BUNDLE)).rejects.toMatchObject(unregistered);
      const tokens = await issued('team-a');
      expect(tokens).toMatchObject([{ roles: ['viewer'], actor: 'export-worker', lifetime: 900 }]);
      const entries = await door.entries(`token/${tokens[0]?.token_sha256}`);
      expect(entries.map(({ action, workspace_id }) => ({ action, workspace_id }))).toEqual([
        { action: 'token_issued', workspace_id: 'team-a' },
      ]);
    });

    it('a token that somebody disables is refused once, and followed by another', async () => {
      const registry = await registryOf(env, { db: door.db, upstreams: nobody })('team-b');
      await expect(registry.bundle(BUNDLE)).rejects.toMatchObject(unregistered);
      const [token] = await issued('team-b');
      await disableToken(door.db, OPERATOR, { token_sha256: token?.token_sha256 ?? '', anywhere: true });
      await expect(registry.bundle(BUNDLE)).rejects.toMatchObject({ code: 'registry_auth_failed' });
      await expect(registry.bundle(BUNDLE)).rejects.toMatchObject(unregistered);
      expect(await issued('team-b')).toHaveLength(2);
    });
  });
});
