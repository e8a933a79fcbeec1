import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registryKey } from '../../../storage/blob-store.ts';
import { reportIncident } from '../../support/record.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { eventually } from '../../support/eventually.ts';
import { actionsOf, flipBit, fresh, hexOf, nameOf, pathOf, put, received } from './support.ts';
import { removeTree } from '../../support/remove-tree.ts';

let api: ApiUnderTest;
let stateRoot: string;
let blobRoot: string;
beforeAll(async () => {
  stateRoot = mkdtempSync(join(tmpdir(), 'interlock-registry-'));
  blobRoot = join(stateRoot, 'blobs');
  api = await startApi({ stateRoot, registryBlobLimit: 4 * 1024 * 1024 });
});
afterAll(async () => {
  await api?.close();
  removeTree(stateRoot);
});

const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code;
const drafts = () => readdirSync(join(blobRoot, '.drafts'));

describe('a blob', () => {
  it.each([0, 1, 300_000, 2_000_000])('S0-01 of %i bytes is put once and read as it was', async (length) => {
    const bytes = fresh(length);
    const first = await put(api.url, bytes);
    expect([first.status, (await put(api.url, bytes)).status]).toEqual([201, 200]);
    expect(await first.json()).toMatchObject({ digest: nameOf(bytes), bytes: length });
    const read = await api.get(pathOf(bytes));
    expect(read.headers.get('etag')).toBe(`"${nameOf(bytes)}"`);
    expect(Buffer.from(await read.arrayBuffer()).equals(bytes)).toBe(true);
    if (length > 0) expect(await actionsOf(api.db, `blob/${nameOf(bytes)}`)).toEqual(['blob_put', 'blob_put']);
  });

  it('that is not what its digest names leaves nothing', async () => {
    const bytes = fresh(1000);
    const answer = await put(api.url, fresh(1000), pathOf(bytes));
    expect([answer.status, await codeOf(answer)]).toEqual([409, 'blob_digest_mismatch']);
    expect((await api.get(pathOf(bytes))).status).toBe(404);
    expect([drafts(), existsSync(join(blobRoot, registryKey(hexOf(bytes))))]).toEqual([[], false]);
  });

  it('longer than the limit is refused, whether it says so or not', async () => {
    const bytes = fresh(4 * 1024 * 1024 + 1);
    const said = await put(api.url, bytes).catch(() => undefined);
    if (said !== undefined) expect(await codeOf(said)).toBe('blob_too_large');
    const req = request(api.url + pathOf(bytes), { method: 'PUT', agent: false });
    req.on('error', () => undefined);
    req.end(bytes);
    const answered = await Promise.race([once(req, 'response'), once(req, 'close')]);
    if (answered.length > 0) expect((answered[0] as { statusCode: number }).statusCode).toBe(413);
    await eventually(async () => drafts().length === 0);
    expect((await api.get(pathOf(bytes))).status).toBe(404);
  });

  it('whose sender goes away leaves nothing', async () => {
    const bytes = fresh(100_000);
    const req = request(api.url + pathOf(bytes), {
      method: 'PUT',
      headers: { 'Content-Length': bytes.length },
      agent: false,
    });
    req.on('error', () => undefined);
    req.write(bytes.subarray(0, 50_000));
    await eventually(async () => drafts().length === 1);
    req.destroy();
    await eventually(async () => drafts().length === 0);
    expect((await api.get(pathOf(bytes))).status).toBe(404);
  });

  it('is put by two at once, and both are told', async () => {
    const bytes = fresh(1_000_000);
    const answers = await Promise.all(Array.from({ length: 4 }, () => put(api.url, bytes)));
    expect(answers.map((a) => a.status).sort()).toEqual([200, 200, 200, 201]);
    expect(drafts()).toEqual([]);
  });

  it('of another workspace is not there', async () => {
    const bytes = fresh(1000);
    await put(api.url, bytes, pathOf(bytes), 'team-a');
    const asked = (workspace: string) => api.get(pathOf(bytes), { headers: { 'X-Interlock-Workspace': workspace } });
    expect([(await asked('team-a')).status, (await asked('team-b')).status]).toEqual([200, 404]);
    expect((await put(api.url, bytes, pathOf(bytes), 'team-b')).status).toBe(201);
    expect((await asked('team-b')).status).toBe(200);
  });
});

describe('a range', () => {
  const bytes = fresh(600_000);
  beforeAll(async () => {
    await put(api.url, bytes);
  });
  const ask = (headers: Record<string, string>, method = 'GET') => fetch(api.url + pathOf(bytes), { headers, method });

  it.each([
    ['bytes=0-9', 0, 10],
    ['bytes=262140-262150', 262_140, 262_151],
    ['bytes=599990-', 599_990, 600_000],
    ['bytes=-5', 599_995, 600_000],
    ['bytes=599999-700000', 599_999, 600_000],
  ])('%s is answered with these bytes', async (range, from, to) => {
    const answer = await ask({ Range: range });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([206, `bytes ${from}-${to - 1}/600000`]);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes.subarray(from, to))).toBe(true);
  });

  it('that no byte is in, of something else, or unchanged', async () => {
    const beyond = await ask({ Range: 'bytes=600000-' });
    expect([beyond.status, beyond.headers.get('content-range'), await codeOf(beyond)]).toEqual([
      416,
      'bytes */600000',
      'range_not_satisfiable',
    ]);
    const other = await ask({ Range: 'bytes=0-9', 'If-Range': '"sha256:other"' });
    expect([other.status, (await other.arrayBuffer()).byteLength]).toEqual([200, 600_000]);
    expect((await ask({ Range: 'bytes=0-9', 'If-Range': `"${nameOf(bytes)}"` })).status).toBe(206);
    expect((await ask({ 'If-None-Match': `"${nameOf(bytes)}"` })).status).toBe(304);
    const head = await ask({}, 'HEAD');
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '600000']);
  });
});

describe('what is not whole is not served', () => {
  it.each([1000, 1_000_000])('a flipped bit among %i bytes: corrupt, and from then on known to be', async (length) => {
    const bytes = fresh(length);
    await put(api.url, bytes);
    flipBit(blobRoot, bytes, length - 1);
    const got = await received(api.url, pathOf(bytes));
    expect(got.status === 409 || (!got.whole && got.bytes < length)).toBe(true);
    await eventually(async () => (await codeOf(await api.get(pathOf(bytes)))) === 'blob_corrupt');
    expect((await put(api.url, bytes)).status).toBe(409);
    expect(await actionsOf(api.db, `blob/${nameOf(bytes)}`)).toEqual(['blob_put', 'blob_found_broken']);
  });

  it('a range of a corrupt blob does not come to its end, wherever the bit is', async () => {
    const bytes = fresh(1_000_000);
    await put(api.url, bytes);
    flipBit(blobRoot, bytes, 999_999);
    const answer = await fetch(api.url + pathOf(bytes), { headers: { Range: 'bytes=0-9' } });
    expect([answer.status, await codeOf(answer)]).toEqual([409, 'blob_corrupt']);
  });

  it('S0-17 a missing one is said to be missing until it is put again', async () => {
    const bytes = fresh(1000);
    await put(api.url, bytes);
    rmSync(join(blobRoot, registryKey(hexOf(bytes))));
    const answer = await api.get(pathOf(bytes));
    expect([answer.status, await codeOf(answer)]).toEqual([409, 'blob_missing']);
    const verified = await api.post(`${pathOf(bytes)}/verify`, {});
    expect(await verified.json()).toMatchObject({ state: 'blob_missing' });
    expect((await put(api.url, bytes)).status).toBe(200);
    expect((await api.get(pathOf(bytes))).status).toBe(200);
  });

  it('a quarantined one is refused with the reason, in every workspace that the hold is of', async () => {
    const bytes = fresh(1000);
    await put(api.url, bytes);
    await put(api.url, bytes, pathOf(bytes), 'team-q');
    const incident = await reportIncident(api.db, 'manifest_mismatch', {
      evidence: { model_digest: nameOf(bytes), subject: 'agent:1' },
    });
    const answer = await api.get(pathOf(bytes));
    const said = (await answer.json()) as { code: string; detail: string };
    expect([answer.status, said.code]).toEqual([423, 'model_quarantined']);
    expect(said.detail).toContain(incident.id);
    expect((await fetch(api.url + pathOf(bytes), { method: 'HEAD' })).status).toBe(423);
    const elsewhere = await api.get(pathOf(bytes), { headers: { 'X-Interlock-Workspace': 'team-q' } });
    expect(elsewhere.status).toBe(200);
  });
});
