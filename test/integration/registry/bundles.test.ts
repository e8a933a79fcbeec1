import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashCanonical } from '../../../domain/canonical/hash.ts';
import { registryKey } from '../../../storage/blob-store.ts';
import { sha256 } from '../../../db/write/change.ts';
import { reportIncident } from '../../support/record.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { actionsOf, flipBit, fresh, hexOf, manifestOf, nameOf, publish, put } from './support.ts';
import { removeTree } from '../../support/remove-tree.ts';

let api: ApiUnderTest;
let stateRoot: string;
let blobRoot: string;
beforeAll(async () => {
  stateRoot = mkdtempSync(join(tmpdir(), 'interlock-registry-'));
  blobRoot = join(stateRoot, 'blobs');
  api = await startApi({ stateRoot });
});
afterAll(async () => {
  await api?.close();
  removeTree(stateRoot);
});

const said = async (answer: Response) => {
  const { code, detail } = (await answer.json()) as { code?: string; detail?: string };
  return { status: answer.status, code, detail };
};
/** Two blobs that are put, and a manifest of both. */
async function prepared() {
  const [license, weights] = [fresh(100), fresh(400_000)];
  await Promise.all([put(api.url, license), put(api.url, weights)]);
  return { license, weights, manifest: manifestOf({ 'LICENSE.txt': license, 'model/weights.bin': weights }, license) };
}

describe('a bundle', () => {
  it('S0-01 is published once, by one digest, and read as it was', async () => {
    const { manifest } = await prepared();
    const first = await publish(api.url, 'demo', '1.0', manifest);
    const again = await publish(api.url, 'demo', '1.0', { ...manifest, blobs: manifest.blobs.toReversed() });
    expect([first.status, again.status]).toEqual([201, 200]);
    const answer = (await first.json()) as { digest: string };
    expect(answer).toEqual(await again.json());
    const canonical = { name: 'demo', version: '1.0', ...manifest };
    expect(answer.digest).toBe(`sha256:${hashCanonical(canonical, sha256)}`);
    const read = (await (await api.get('/v1/registry/bundles/demo/1.0')).json()) as object;
    expect(read).toMatchObject({ digest: answer.digest, blobs: 2, manifest: canonical });
    expect(await actionsOf(api.db, 'bundle/demo@1.0')).toEqual(['bundle_published']);
  });

  it('is never rewritten, not even in the database', async () => {
    const { manifest } = await prepared();
    await publish(api.url, 'fixed', '1', manifest);
    const other = await publish(api.url, 'fixed', '1', { ...manifest, policy_profile: 'dev-fast' });
    expect(await said(other)).toMatchObject({ status: 409, code: 'bundle_exists' });
    for (const change of [`UPDATE registry_bundles SET name = 'x'`, 'DELETE FROM registry_bundle_blobs'])
      await expect(api.db.query(change)).rejects.toMatchObject({ code: '42501' });
    expect(await actionsOf(api.db, 'bundle/fixed@1')).toEqual(['bundle_published', 'decision_refused']);
  });

  it('S0-17 is refused while a blob is missing, corrupt, of another size or quarantined', async () => {
    const { manifest, license } = await prepared();
    const absent = manifestOf({ 'LICENSE.txt': license, 'a.bin': fresh(10) }, license);
    expect(await said(await publish(api.url, 'bad', '1', absent))).toMatchObject({ status: 409, code: 'blob_missing' });
    const sizes = { ...manifest, blobs: manifest.blobs.map((blob) => ({ ...blob, size: blob.size + 1 })) };
    expect(await said(await publish(api.url, 'bad', '1', sizes))).toMatchObject({ code: 'blob_conflict' });
    const { id } = await reportIncident(api.db, 'manifest_mismatch', {
      evidence: { model_digest: nameOf(license), subject: 'agent:1' },
    });
    const held = await said(await publish(api.url, 'bad', '1', manifest));
    expect(held).toMatchObject({ status: 423, code: 'model_quarantined' });
    expect(held.detail).toContain(id);
    const other = await prepared();
    flipBit(blobRoot, other.weights, 399_999);
    expect(await said(await publish(api.url, 'bad', '1', other.manifest))).toMatchObject({ code: 'blob_corrupt' });
    rmSync(join(blobRoot, registryKey(hexOf(other.weights))));
    expect(await said(await publish(api.url, 'bad', '1', other.manifest))).toMatchObject({ code: 'blob_missing' });
    expect((await api.get('/v1/registry/bundles/bad/1')).status).toBe(404);
  });

  it('of another workspace is not there, nor are its blobs', async () => {
    const { manifest } = await prepared();
    await publish(api.url, 'mine', '1', manifest);
    const headers = { 'X-Interlock-Workspace': 'team-b' };
    expect((await api.get('/v1/registry/bundles/mine/1', { headers })).status).toBe(404);
    expect(await said(await publish(api.url, 'mine', '1', manifest, 'team-b'))).toMatchObject({ code: 'blob_missing' });
  });

  it('is listed by name and version, page by page', async () => {
    const { manifest } = await prepared();
    for (const version of ['1', '2', '3']) await publish(api.url, 'paged', version, manifest);
    const first = await api.get('/v1/registry/bundles?name=paged&limit=2');
    const next = /<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const pages = [await first.json(), await (await api.get(next)).json()] as { version: string }[][];
    expect(pages.map((page) => page.map((bundle) => bundle.version))).toEqual([['1', '2'], ['3']]);
  });

  it('with a member that is not known, or a path that leads elsewhere, is refused', async () => {
    const { manifest } = await prepared();
    for (const wrong of [
      { ...manifest, extra: 1 },
      { ...manifest, blobs: [{ ...manifest.blobs[0], path: '../up' }] },
      { ...manifest, license: { id: 'MIT', sha256: 'a'.repeat(64) } },
    ])
      expect((await publish(api.url, 'strict', '1', wrong)).status).toBe(400);
  });
});

describe('a quarantined model', () => {
  it('is released when it is what its registered manifest names, and not otherwise', async () => {
    const { manifest, weights, license } = await prepared();
    const release = (target: string) =>
      api.post('/v1/models/release', { target, how: 'verified', reason: 'read again' });
    const quarantine = (bytes: Buffer) =>
      reportIncident(api.db, 'manifest_mismatch', { evidence: { model_digest: nameOf(bytes), subject: 'agent:1' } });
    await quarantine(weights);
    expect(await said(await release(nameOf(weights)))).toMatchObject({ status: 409, code: 'model_not_registered' });
    await api.post('/v1/models/release', { target: nameOf(weights), how: 'removed', reason: 'for the test' });
    await api.db.query(`UPDATE holds SET released_at = now() WHERE target = $1`, [nameOf(weights)]);
    await publish(api.url, 'released', '1', manifest);
    await quarantine(weights);
    expect(await (await release(nameOf(weights))).json()).toEqual({ released: 0, granted: 1 });
    await quarantine(license);
    flipBit(blobRoot, license);
    expect(await said(await release(nameOf(license)))).toMatchObject({ status: 409, code: 'blob_corrupt' });
    expect(await actionsOf(api.db, `blob/${nameOf(weights)}`)).toEqual(['blob_put', 'blob_verified']);
  });
});
