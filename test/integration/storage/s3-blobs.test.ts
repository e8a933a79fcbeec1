import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import {
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { contentKey, registryKey } from '../../../storage/blob-store.ts';
import { S3Blobs } from '../../../storage/s3-blobs.ts';
import type { S3BlobsOptions } from '../../../storage/s3-blobs.ts';
import { startS3 } from '../../support/s3-server.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { tcpProxy } from '../../support/tcp-proxy.ts';
import { pieces, readAll } from './stores.ts';

const KILLED_STAGER = fileURLToPath(new URL('../../support/stand-ins/killed-stager.ts', import.meta.url));
const MIB = 1024 * 1024;

let server: S3Server;
let blobs: S3Blobs;
const opened: S3Blobs[] = [];
const open = (options: Partial<S3BlobsOptions> = {}) => {
  const store = new S3Blobs({ ...server.place, ...options });
  opened.push(store);
  return store;
};
beforeAll(async () => {
  server = await startS3();
  blobs = new S3Blobs(server.place);
});
afterEach(() => opened.splice(0).forEach((each) => each.close()));
afterAll(async () => {
  blobs?.close();
  await server?.stop();
});

const at = (key: string) => ({ Bucket: server.place.bucket, Key: `blobs/${key}` });
const versionsOf = async (key: string) => {
  const { Bucket, Key: Prefix } = at(key);
  return server.client.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
};
const uploads = async () => {
  const { Bucket } = at('');
  return (await server.client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'blobs/' }))).Uploads ?? [];
};
/** A blob that nobody else puts. */
async function put(store = blobs, bytes: Buffer = randomBytes(1000)): Promise<{ key: string; bytes: Buffer }> {
  const key = contentKey(bytes);
  await store.put(key, bytes);
  return { key, bytes };
}

describe('S0-13 what keeps a bucket from answering is said', () => {
  it('credentials that are wrong, unknown or not there are denied, and show in nothing', async () => {
    const { key } = await put();
    const { accessKeyId, secretAccessKey } = server.place.credentials;
    for (const credentials of [
      { accessKeyId, secretAccessKey: 'hunter2hunter2' },
      { accessKeyId: 'AKIANOBODY', secretAccessKey },
      undefined,
    ]) {
      const store = open({ credentials });
      const asked = await Promise.allSettled([
        store.get(key),
        store.read(key),
        store.put('denied', Buffer.from('x')),
        store.remove(key),
        store.list('').next(),
        store.reach(),
        store.stage(contentKey(randomBytes(9 * MIB)), pieces(randomBytes(9 * MIB)), 9 * MIB),
      ]);
      for (const answer of asked) {
        expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'blob_store_denied' } });
        const { message, cause } = (answer as PromiseRejectedResult).reason as Error;
        const said = JSON.stringify([message, String(cause), cause]);
        for (const secret of [accessKeyId, secretAccessKey, 'hunter2']) expect(said).not.toContain(secret);
      }
    }
  });

  it('a bucket that is not there is no missing blob', async () => {
    const store = open({ bucket: 'nowhere' });
    await expect(store.get('a')).rejects.toMatchObject({ code: 'blob_store_unreachable' });
    await expect(store.remove('a')).rejects.toMatchObject({ code: 'blob_store_unreachable' });
    await expect(store.reach()).rejects.toMatchObject({ code: 'blob_store_unreachable' });
  });

  it('a server that is gone is unreachable, and found again when it is back', async () => {
    const { key, bytes } = await put();
    const staged = await blobs.stage('outage/a', pieces(randomBytes(9 * MIB)), 9 * MIB);
    await server.kill();
    try {
      await expect(blobs.get(key)).rejects.toMatchObject({ code: 'blob_store_unreachable' });
      await expect(blobs.put('outage/b', bytes)).rejects.toMatchObject({ code: 'blob_store_unreachable' });
      await expect(staged.keep()).rejects.toMatchObject({ code: 'blob_store_unreachable' });
      await expect(blobs.reach()).rejects.toMatchObject({ code: 'blob_store_unreachable' });
    } finally {
      await server.start();
    }
    expect(Buffer.from(await blobs.get(key)).equals(bytes)).toBe(true);
    expect(await staged.keep()).toBe('stored');
  });

  it('a host that is one of ours is refused unless it was said to be', async () => {
    for (const endpoint of [server.place.endpoint, server.place.endpoint.replace('127.0.0.1', 'localhost')]) {
      const store = open({ endpoint, internal: false });
      await expect(store.reach()).rejects.toMatchObject({ code: 'blob_store_denied' });
      await open({ endpoint }).reach();
    }
  });
});

describe('on the way to a bucket', () => {
  it('a line that stands still for a while loses nothing', async () => {
    const proxy = await tcpProxy(server.port);
    const store = open({ endpoint: `http://127.0.0.1:${proxy.port}` });
    try {
      const bytes = randomBytes(20 * MIB);
      const key = contentKey(bytes);
      async function* slow(): AsyncGenerator<Uint8Array> {
        for (let start = 0; start < bytes.length; start += MIB) {
          if (start === 12 * MIB) {
            proxy.stall();
            setTimeout(proxy.flow, 500);
          }
          yield bytes.subarray(start, start + MIB);
        }
      }
      const staged = await store.stage(key, slow(), bytes.length);
      expect(await staged.keep()).toBe('stored');
      const { chunks, close } = await store.read(key);
      const got: Uint8Array[] = [];
      for await (const chunk of chunks()) {
        if (got.length === 5) {
          proxy.stall();
          setTimeout(proxy.flow, 500);
        }
        got.push(chunk);
      }
      await close();
      expect(Buffer.concat(got).equals(bytes)).toBe(true);
    } finally {
      await proxy.close();
    }
  });

  it('a line that breaks in the middle of a blob is no corrupt blob', async () => {
    const { key, bytes } = await put(blobs, randomBytes(8 * MIB));
    const proxy = await tcpProxy(server.port);
    const store = open({ endpoint: `http://127.0.0.1:${proxy.port}` });
    try {
      const { chunks, close } = await store.read(key);
      const reading = (async () => {
        for await (const chunk of chunks()) if (chunk.length > 0) proxy.cut();
      })();
      await expect(reading).rejects.toMatchObject({ code: 'blob_store_unreachable' });
      await close();
      await expect(store.get(key)).rejects.toMatchObject({ code: 'blob_store_unreachable' });
      proxy.restore();
      expect((await readAll(store, key)).got.equals(bytes)).toBe(true);
    } finally {
      await proxy.close();
    }
  });

  it('a writer killed between all the bytes and their name leaves nothing to be found, and is swept up', async () => {
    const key = registryKey('c'.repeat(64)).replace('registry/', 'killed/');
    const input = JSON.stringify({ place: server.place, key, bytes: 9 * MIB });
    const { signal } = spawnSync(process.execPath, [KILLED_STAGER], { input, timeout: 60_000 });
    expect(signal).toBe('SIGKILL');
    await expect(blobs.get(key)).rejects.toMatchObject({ code: 'blob_missing' });
    expect(await blobs.list('killed/').next()).toMatchObject({ done: true });
    await blobs.sweep();
    expect((await uploads()).map(({ Key }) => Key)).toContain(at(key).Key);
    await blobs.sweep(Date.now() + 2 * 86_400_000);
    expect(await uploads()).toEqual([]);
  });
});

describe('versions of a bucket', () => {
  it('are what a blob that was deleted or overwritten is restored from', async () => {
    const { key, bytes } = await put();
    await server.client.send(new PutObjectCommand({ ...at(key), Body: 'other' }));
    await server.client.send(new DeleteObjectCommand(at(key)));
    await expect(blobs.get(key)).rejects.toMatchObject({ code: 'blob_missing' });
    const found: [number, unknown][] = [];
    for await (const version of blobs.versions(key)) {
      const got = await readAll({ read: async () => version }, key);
      found.push([version.length, (got.error as { code?: string } | undefined)?.code]);
    }
    expect(found).toEqual([
      [5, 'blob_corrupt'],
      [1000, undefined],
    ]);
    const staged = await blobs.stage(key, pieces(bytes), 1000);
    await staged.replace();
    await staged.discard();
    expect(Buffer.from(await blobs.get(key)).equals(bytes)).toBe(true);
  });

  it('do not keep a name from being given again, whatever was deleted', async () => {
    const { key, bytes } = await put();
    await server.client.send(new DeleteObjectCommand(at(key)));
    expect(await blobs.put(key, bytes)).toBe('present');
    await server.client.send(new PutObjectCommand({ ...at(key), Body: 'other' }));
    await server.client.send(new DeleteObjectCommand(at(key)));
    expect(await blobs.put(key, bytes)).toBe('stored');
    expect(Buffer.from(await blobs.get(key)).equals(bytes)).toBe(true);
  });

  it('go with a blob that is removed', async () => {
    const { key } = await put();
    await server.client.send(new PutObjectCommand({ ...at(key), Body: 'other' }));
    expect([await blobs.remove(key), await blobs.remove(key)]).toEqual([true, false]);
    const { Versions: versions, DeleteMarkers: markers } = await versionsOf(key);
    expect([versions ?? [], markers ?? []]).toEqual([[], []]);
  });

  it('under a lock are not deleted by anybody, and what may be collected has none', async () => {
    const store = open({ retention: { mode: 'COMPLIANCE', days: 1 } });
    const { key, bytes } = await put(store);
    await expect(store.remove(key)).rejects.toMatchObject({ code: 'blob_store_denied' });
    await server.client.send(new DeleteObjectCommand(at(key)));
    await expect(store.get(key)).rejects.toMatchObject({ code: 'blob_missing' });
    const version = (await versionsOf(key)).Versions?.[0]?.VersionId;
    const remove = server.client.send(new DeleteObjectCommand({ ...at(key), VersionId: version }));
    await expect(remove).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    expect(await store.put(key, bytes)).toBe('present');
    const large = randomBytes(9 * MIB);
    const staged = await store.stage(contentKey(large), pieces(large), large.length);
    await staged.keep();
    await expect(store.remove(contentKey(large))).rejects.toMatchObject({ code: 'blob_store_denied' });
    const loose = registryKey('d'.repeat(64)).replace('sha256', 'parts');
    await store.put(loose, bytes);
    expect(await store.remove(loose)).toBe(true);
  });
});

it('a flipped bit is found also where the key names no digest', async () => {
  await blobs.put('checkpoints/host/1/9', Buffer.from('a signed note'));
  server.flip('checkpoints/host/1/9');
  await expect(blobs.get('checkpoints/host/1/9')).rejects.toMatchObject({ code: 'blob_corrupt' });
});
