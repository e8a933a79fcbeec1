import { chmodSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preflight } from '../../../activities/exports/preflight.ts';
import type { PreflightDeps, Preflighted } from '../../../activities/exports/preflight.ts';
import { storeSource } from '../../../activities/exports/blob-source.ts';
import { httpRegistry } from '../../../activities/exports/registry.ts';
import type { RegistryAccess } from '../../../activities/exports/registry-request.ts';
import { checkGate } from '../../../db/read/check-gate.ts';
import { bundleDigest } from '../../../domain/registry/manifest.ts';
import type { BundleManifest } from '../../../domain/registry/manifest.ts';
import { BlobError } from '../../../storage/blob-error.ts';
import { registryKey } from '../../../storage/blob-store.ts';
import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';
import { sha256 } from '../../../api/sha256.ts';
import { BUNDLE, freshFiles, startRegistry, TOKEN } from '../../support/export-registry.ts';
import type { ExportRegistry } from '../../support/export-registry.ts';
import { openRecord, reportIncident } from '../../support/record.ts';
import { startServer } from '../../support/upstreams.ts';
import { flipBit, hexOf, nameOf } from '../registry/support.ts';

let registry: ExportRegistry;
/** This instance, which exports. */
let record: Awaited<ReturnType<typeof openRecord>>;
let n = 0;
beforeAll(async () => {
  registry = await startRegistry();
  record = await openRecord();
});
afterAll(async () => {
  await registry?.close();
  await record?.close();
});

const nextName = () => `bundle-${(n += 1)}`;
const bearer = (token: string) => async () => ({ authorization: `Bearer ${token}` });
const accessTo = (url: string, over: Partial<RegistryAccess> = {}): RegistryAccess => ({
  url,
  internal: true,
  headers: bearer(TOKEN),
  ...over,
});

interface Looked {
  access?: RegistryAccess;
  given?: BundleManifest | null;
  deps?: Partial<PreflightDeps>;
}

const look = (name: string, { access, given = null, deps = {} }: Looked = {}): Promise<Preflighted> =>
  preflight({ name, version: BUNDLE.version }, given, {
    registry: httpRegistry(access ?? accessTo(registry.api.url)),
    store: storeSource(new FilesystemBlobs(registry.blobRoot), registryKey),
    airlock: async () => ((await checkGate(record.db, 'default', 'airlock')).open ? 'open' : 'closed'),
    isReleased: async (digest) => (await checkGate(record.db, 'default', 'model', digest)).open,
    progress: () => undefined,
    signal: new AbortController().signal,
    ...deps,
  });

/** Takes a blob out of the registry's store. */
function lose(bytes: Uint8Array): void {
  const file = join(registry.blobRoot, registryKey(hexOf(bytes)));
  chmodSync(dirname(file), 0o700);
  rmSync(file);
}

/** A registry that answers as it likes, and is gone with the test. */
async function withServer<T>(answer: RequestListener, work: (url: string) => Promise<T>): Promise<T> {
  const server = await startServer(answer);
  try {
    return await work(server.url);
  } finally {
    await server.close();
  }
}

const published = async (over: Partial<BundleManifest> = {}) => {
  const name = nextName();
  const files = freshFiles();
  return { name, files, manifest: await registry.publish(files, over, name) };
};

describe('a bundle before it is exported', () => {
  it('that a second instance holds whole has nothing against it', async () => {
    const { name, manifest } = await published();
    const said: number[] = [];
    const found = await look(name, { deps: { progress: (_blobs, bytes) => said.push(bytes) } });
    const id = { name, version: BUNDLE.version };
    const { transition_digest } = manifest;
    expect(found).toEqual({
      findings: [],
      manifest,
      bundle: { ...id, digest: bundleDigest(id, manifest, sha256), transition_digest },
    });
    expect(said.at(-1)).toBe(manifest.blobs.reduce((sum, blob) => sum + blob.size, 0));
  });

  it('S0-05 S0-09 whose registry is away is not exported: registry_unreachable', async () => {
    const gone = accessTo(
      await withServer(
        () => undefined,
        async (url) => url,
      ),
    );
    expect(await look('any', { access: gone })).toMatchObject({ bundle: null, findings: ['registry_unreachable'] });
  });

  it.each<[string, RequestListener]>([
    ['hangs', () => undefined],
    ['hangs in its answer', (_req, res) => void res.writeHead(200).write('{')],
    ['answers 500', (_req, res) => void res.writeHead(500).end('oops')],
    ['answers 503 of its own', (_req, res) => void res.writeHead(503).end('{"code":"database_unreachable"}')],
    ['leads elsewhere', (_req, res) => void res.writeHead(302, { location: registry.api.url }).end()],
    ['is something else', (_req, res) => void res.writeHead(200).end('<html>')],
    ['cuts the connection', (_req, res) => void res.destroy()],
    ['never ends', (_req, res) => void res.writeHead(200).end(Buffer.alloc(3_000_000, ' '))],
  ])('whose registry %s is not exported: registry_unreachable', async (_what, answer) => {
    const found = await withServer(answer, (url) => look('any', { access: accessTo(url, { withinMs: 300 }) }));
    expect(found).toMatchObject({ bundle: null, findings: ['registry_unreachable'] });
  });

  it('is not asked for where the guard of outgoing requests forbids the address', async () => {
    const { name } = await published();
    const access = accessTo(registry.api.url, { internal: false });
    expect((await look(name, { access })).findings).toEqual(['registry_unreachable']);
  });

  it.each([
    ['an unknown token', bearer('something-else-entirely')],
    ['no token', async () => ({})],
  ])('S0-08 whose registry is well and refuses %s is told apart: registry_auth_failed', async (_what, headers) => {
    const { name } = await published();
    expect((await fetch(`${registry.api.url}/healthz`)).status).toBe(200);
    const access = accessTo(registry.api.url, { headers });
    expect(await look(name, { access })).toMatchObject({ bundle: null, findings: ['registry_auth_failed'] });
  });

  it('that the registry does not know: bundle_unregistered', async () => {
    expect((await look('nobody-published-it')).findings).toEqual(['bundle_unregistered']);
  });

  it.each(['LICENSE', 'weights/part-2.bin'] as const)('S0-17 with one missing blob, %s: blob_missing', async (path) => {
    const { name, files } = await published();
    lose(files[path]);
    expect((await look(name)).findings).toEqual(['blob_missing']);
  });

  it.each(['weights/part-1.bin', 'weights/part-2.bin'] as const)(
    'S0-25 with one flipped bit in %s: blob_corrupt, also when it was found before',
    async (path) => {
      const { name, files } = await published();
      flipBit(registry.blobRoot, files[path]);
      expect((await look(name)).findings).toEqual(['blob_corrupt']);
      expect((await look(name)).findings).toEqual(['blob_corrupt']);
    },
  );

  it.each(['blob_store_unreachable', 'blob_store_denied'] as const)(
    'behind a store that is at fault: %s',
    async (code) => {
      const { name } = await published();
      registry.store.read = async (key) => {
        throw new BlobError(code, key);
      };
      try {
        expect((await look(name)).findings).toEqual([code]);
      } finally {
        registry.store.read = undefined;
      }
    },
  );

  it('with a blob that the registry has quarantined, or itself: model_quarantined', async () => {
    const { name, files } = await published();
    const model_digest = nameOf(files['weights/part-1.bin']);
    await reportIncident(registry.api.db, 'manifest_mismatch', { evidence: { model_digest, subject: 'agent:1' } });
    expect((await look(name)).findings).toEqual(['model_quarantined']);
    const whole = await published();
    const own = { digest: (await look(whole.name)).bundle?.digest ?? '' };
    const evidence = { model_digest: `sha256:${own.digest}`, subject: 'agent:1' };
    await reportIncident(registry.api.db, 'manifest_mismatch', { evidence });
    expect(await look(whole.name)).toMatchObject({ bundle: null, findings: ['model_quarantined'] });
  });

  it('with a blob that this instance has quarantined: model_quarantined; with the airlock closed: airlock_closed', async () => {
    const { name, files } = await published();
    const own = await openRecord();
    try {
      const gates: Partial<PreflightDeps> = {
        airlock: async () => ((await checkGate(own.db, 'default', 'airlock')).open ? 'open' : 'closed'),
        isReleased: async (digest) => (await checkGate(own.db, 'default', 'model', digest)).open,
      };
      expect((await look(name, { deps: gates })).findings).toEqual([]);
      const evidence = { model_digest: nameOf(files.LICENSE), subject: 'agent:1' };
      await reportIncident(own.db, 'manifest_mismatch', { evidence });
      expect((await look(name, { deps: gates })).findings).toContain('model_quarantined');
      await reportIncident(own.db, 'attestation_failure');
      expect((await look(name, { deps: gates })).findings).toEqual(['airlock_closed', 'model_quarantined']);
    } finally {
      await own.close();
    }
  });

  it.each<[string, Partial<PreflightDeps>, string]>([
    ['the airlock', { airlock: () => Promise.reject(new Error('gone')) }, 'airlock_closed'],
    ['the gate of models', { isReleased: () => Promise.reject(new Error('gone')) }, 'model_quarantined'],
  ])('is held where %s cannot be read', async (_what, deps, finding) => {
    const { name } = await published();
    expect((await look(name, { deps })).findings).toEqual([finding]);
  });

  it.each<[string, Partial<BundleManifest>, string]>([
    ['under no profile', { policy_profile: 'unpinned' }, 'profile_unpinned'],
    ['under no named license', { license: { id: 'NOASSERTION', sha256: '' } }, 'license_missing'],
  ])('made %s says so', async (_what, over, finding) => {
    const name = nextName();
    const files = freshFiles();
    const license = over.license === undefined ? {} : { license: { ...over.license, sha256: hexOf(files.LICENSE) } };
    await registry.publish(files, { ...over, ...license }, name);
    expect((await look(name)).findings).toEqual([finding]);
  });
});

describe('a registry that lies', () => {
  /** Answers as the real one does, but for what `alter` makes of a body. */
  const lying = (alter: (path: string, body: Buffer) => Buffer): RequestListener => {
    return (req, res) => {
      void (async () => {
        const headers = { authorization: req.headers.authorization ?? '' };
        const real = await fetch(registry.api.url + (req.url ?? ''), { method: req.method ?? 'GET', headers });
        const body = alter(req.url ?? '', Buffer.from(await real.arrayBuffer()));
        const length = req.method === 'HEAD' ? real.headers.get('content-length') : String(body.length);
        res.writeHead(real.status, { 'content-length': length ?? '0' }).end(req.method === 'HEAD' ? '' : body);
      })();
    };
  };
  const isBlob = (path: string) => path.includes('/blobs/');

  it.each<[string, (path: string, body: Buffer) => Buffer]>([
    [
      'of a manifest',
      (path, body) => (isBlob(path) ? body : Buffer.from(body.toString().replace('Apache-2.0', 'MIT'))),
    ],
    ['of a blob', (path, body) => (isBlob(path) ? Buffer.alloc(body.length, 1) : body)],
    ['of a blob that is cut', (path, body) => (isBlob(path) ? body.subarray(0, -1) : body)],
    ['of a blob that goes on', (path, body) => (isBlob(path) ? Buffer.concat([body, Buffer.alloc(9)]) : body)],
  ])('%s is found out: blob_corrupt', async (_what, alter) => {
    const { name } = await published();
    const found = await withServer(lying(alter), (url) => look(name, { access: accessTo(url) }));
    expect(found.findings).toEqual(['blob_corrupt']);
  });
});

describe('what came with the request', () => {
  it('stands in where the registry does not answer, with the blobs of the own store', async () => {
    const { name, manifest } = await published();
    const access = accessTo(registry.api.url, { headers: bearer('something-else-entirely') });
    const found = await look(name, { access, given: manifest });
    expect(found).toMatchObject({ manifest, findings: ['registry_auth_failed'] });
    const id = { name, version: BUNDLE.version };
    expect(found.bundle?.digest).toBe(bundleDigest(id, manifest, sha256));
  });

  it('lifts nothing of integrity', async () => {
    const { name, files, manifest } = await published();
    flipBit(registry.blobRoot, files['weights/part-2.bin']);
    lose(files.LICENSE);
    const access = accessTo(registry.api.url, { headers: bearer('something-else-entirely') });
    const { findings } = await look(name, { access, given: manifest });
    expect(findings).toEqual(['registry_auth_failed', 'blob_missing', 'blob_corrupt']);
  });

  it('does not stand in for a bundle that is there and quarantined', async () => {
    const { name, manifest } = await published();
    const { bundle } = await look(name);
    const evidence = { model_digest: `sha256:${bundle?.digest}`, subject: 'agent:1' };
    await reportIncident(registry.api.db, 'manifest_mismatch', { evidence });
    expect(await look(name, { given: manifest })).toMatchObject({ bundle: null, findings: ['model_quarantined'] });
  });
});
