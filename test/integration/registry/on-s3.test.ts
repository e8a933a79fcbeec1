import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blobPlace } from '../../../api/status/storage.ts';
import { registryKey } from '../../../storage/blob-store.ts';
import { S3Blobs } from '../../../storage/s3-blobs.ts';
import { startS3 } from '../../support/s3-server.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { run } from '../../unit/cli/run.ts';
import { json, startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { actionsOf, fresh, hexOf, manifestOf, nameOf, pathOf, publish, put } from './support.ts';
import { removeTree } from '../../support/remove-tree.ts';

let server: S3Server;
let blobs: S3Blobs;
let api: ApiUnderTest;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'interlock-on-s3-'));
  server = await startS3();
  blobs = new S3Blobs(server.place);
  api = await startApi({ stateRoot: folder, blobs, blob: blobPlace(server.place) });
});
afterAll(async () => {
  await api?.close();
  blobs?.close();
  await server?.stop();
  removeTree(folder);
});

const interlock = (...argv: string[]) => run([...argv, '--base-url', api.url]);
const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code;
const keyOf = (bytes: Buffer) => registryKey(hexOf(bytes));
const at = (bytes: Buffer) => ({ Bucket: server.place.bucket, Key: `blobs/${keyOf(bytes)}` });
const restore = (bytes: Buffer, body: object = {}) => api.post(`${pathOf(bytes)}/restore`, body);
const read = async (bytes: Buffer) => Buffer.from(await (await api.get(pathOf(bytes))).arrayBuffer()).equals(bytes);

describe('the registry over a bucket', () => {
  it('S0-01 takes, serves, verifies and publishes blobs', async () => {
    const [license, weights] = [fresh(100), fresh(17 * 1024 * 1024 + 3)];
    const path = join(folder, 'weights');
    writeFileSync(path, weights);
    expect(await interlock('registry', 'put', path)).toMatchObject({ code: 0 });
    expect([(await put(api.url, license)).status, (await put(api.url, license)).status]).toEqual([201, 200]);
    expect([await read(license), await read(weights)]).toEqual([true, true]);
    const range = await api.get(pathOf(weights), { headers: { Range: 'bytes=16777210-16777219' } });
    const part = Buffer.from(await range.arrayBuffer());
    expect([range.status, part.equals(weights.subarray(16_777_210, 16_777_220))]).toEqual([206, true]);
    expect(await interlock('blob', 'verify', nameOf(weights))).toMatchObject({ code: 0 });
    const manifest = manifestOf({ LICENSE: license, weights }, license);
    expect((await publish(api.url, 'on-s3', '1', manifest)).status).toBe(201);
  });

  it('S0-13 says that the bucket is away or refuses, and nothing is on record', async () => {
    const known = fresh(1000);
    await put(api.url, known);
    const refused = new S3Blobs({
      ...server.place,
      credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'hunter2' },
    });
    const denied = await startApi({ databaseUrl: api.databaseUrl, blobs: refused, blob: blobPlace(server.place) });
    try {
      const bytes = fresh(1000);
      const answers = [await put(denied.url, bytes), await denied.get(pathOf(known))];
      expect(answers.map(({ status }) => status)).toEqual([503, 503]);
      for (const answer of answers) expect(await codeOf(answer)).toBe('blob_store_denied');
      expect((await api.get(pathOf(bytes))).status).toBe(404);
    } finally {
      await denied.close();
      refused.close();
    }
    await server.kill();
    try {
      const bytes = fresh(1000);
      const answers = [await put(api.url, bytes), await api.get(pathOf(known)), await restore(known)];
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
      for (const answer of answers) expect(await codeOf(answer)).toBe('blob_store_unreachable');
      expect((await interlock('blob', 'verify', nameOf(known))).code).toBeGreaterThan(1);
      const { blob } = await json<{ blob: object }>(api.get('/v1/status'));
      expect(blob).toMatchObject({ reachable: false, error: 'blob_store_unreachable' });
    } finally {
      await server.start();
    }
    expect(await read(known)).toBe(true);
    expect(await actionsOf(api.db, `blob/${nameOf(known)}`)).toEqual(['blob_put']);
  });

  it('S0-14 S0-15 S0-16 says where blobs are, whether they are reached, and nothing of its credentials', async () => {
    const answered = await (await api.get('/v1/status')).text();
    const { endpoint, credentials } = server.place;
    const blob = { backend: 's3', endpoint, credentials: 'present', reachable: true, error: null };
    expect((JSON.parse(answered) as { blob: object }).blob).toMatchObject(blob);
    const status = await interlock('status');
    for (const line of ['blob_backend: s3', `blob_endpoint: ${endpoint}`, 'blob_credentials: present'])
      expect(status.out).toContain(`${line}\n`);
    expect(status.out).toMatch(/^s3_credentials: (?:present|missing)$/m);
    for (const secret of [credentials.accessKeyId, credentials.secretAccessKey])
      expect(answered + status.out + status.err).not.toContain(secret);
    const { checks } = await json<{ checks: { name: string; ok: boolean }[] }>(api.get('/v1/doctor?only=components'));
    expect(checks.find(({ name }) => name === 'storage:blobs')).toMatchObject({ ok: true });
    const probes: string[] = [];
    for await (const key of blobs.list('probes/')) probes.push(key);
    expect(probes).toEqual([]);
    expect(blobPlace({ endpoint, credentials: undefined })).toMatchObject({ credentials: 'missing' });
  });
});

describe('S0-17 a broken blob', () => {
  it('that was deleted is refused until it is restored from its older version', async () => {
    const bytes = fresh(300_000);
    await put(api.url, bytes);
    await server.client.send(new DeleteObjectCommand(at(bytes)));
    expect(await codeOf(await api.get(pathOf(bytes)))).toBe('blob_missing');
    expect(await codeOf(await publish(api.url, 'lost', '1', manifestOf({ LICENSE: bytes }, bytes)))).toBe(
      'blob_missing',
    );
    const answered = await interlock('blob', 'restore', nameOf(bytes));
    expect([answered.code, answered.out.includes('restored: version')]).toEqual([0, true]);
    expect(await read(bytes)).toBe(true);
    expect((await publish(api.url, 'lost', '1', manifestOf({ LICENSE: bytes }, bytes))).status).toBe(201);
    expect(await actionsOf(api.db, `blob/${nameOf(bytes)}`)).toEqual([
      'blob_put',
      'blob_found_broken',
      'blob_restored',
    ]);
    expect(await (await restore(bytes)).json()).toMatchObject({ state: 'intact', restored: null });
  });

  it('that was overwritten is restored from the newest version that is whole', async () => {
    const bytes = fresh(9 * 1024 * 1024);
    await put(api.url, bytes);
    for (const other of [fresh(bytes.length), fresh(10)])
      await server.client.send(new PutObjectCommand({ ...at(bytes), Body: other }));
    expect(await codeOf(await api.get(pathOf(bytes)))).toBe('blob_corrupt');
    expect(await (await restore(bytes)).json()).toMatchObject({ restored: 'version' });
    expect(await read(bytes)).toBe(true);
  });

  it('without a whole version is restored from a file that is what its digest names', async () => {
    const bytes = fresh(3 * 1024 * 1024);
    await put(api.url, bytes);
    server.flip(keyOf(bytes), 7);
    const [file, other] = [join(folder, 'backup'), join(folder, 'other')];
    writeFileSync(file, bytes);
    writeFileSync(other, fresh(10));
    const without = await interlock('blob', 'restore', nameOf(bytes));
    expect([without.code, without.err.includes('older version')]).toEqual([4, true]);
    expect(await codeOf(await restore(bytes))).toBe('blob_versions_none');
    expect((await interlock('blob', 'restore', nameOf(bytes), '--from', other)).code).toBe(2);
    const answered = await interlock('blob', 'restore', nameOf(bytes), '--from', file);
    expect([answered.code, answered.out.includes('restored: upload')]).toEqual([0, true]);
    expect(await read(bytes)).toBe(true);
  });

  it('is refused where there is none, or the upload is another one', async () => {
    const [bytes, other] = [fresh(100), fresh(100)];
    expect(await codeOf(await restore(bytes))).toBe('blob_not_found');
    await put(api.url, bytes);
    await server.client.send(new DeleteObjectCommand(at(bytes)));
    expect(await codeOf(await restore(bytes, { upload_id: 'UPL-none' }))).toBe('upload_not_found');
    const open = async (of: Buffer) =>
      (await json<{ upload_id: string }>(api.post('/v1/registry/uploads', { digest: nameOf(of), bytes: of.length })))
        .upload_id;
    expect(await codeOf(await restore(bytes, { upload_id: await open(other) }))).toBe('validation_failed');
    expect(await codeOf(await restore(bytes, { upload_id: await open(bytes) }))).toBe('upload_incomplete');
    expect(await codeOf(await restore(bytes, { from: 'file' }))).toBe('unknown_field');
    expect(await codeOf(await api.get(pathOf(bytes)))).toBe('blob_missing');
  });
});
