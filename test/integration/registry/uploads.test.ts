import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../db/client.ts';
import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';
import { collectRegistry } from '../../../workers/registry/keep-collecting.ts';
import { eventually } from '../../support/eventually.ts';
import { freeStackPorts } from '../../support/free-ports.ts';
import { testDatabase } from '../../support/postgres.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { actionsOf, fresh, manifestOf, nameOf, pathOf, publish, put, uploads } from './support.ts';
import { removeTree } from '../../support/remove-tree.ts';

const MIB = 1024 * 1024;
let api: ApiUnderTest;
let stateRoot: string;
beforeAll(async () => {
  stateRoot = mkdtempSync(join(tmpdir(), 'interlock-registry-'));
  api = await startApi({ stateRoot });
});
afterAll(async () => {
  await api?.close();
  removeTree(stateRoot);
});
const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code;
const bytesAt = async (url: string, path: string) => Buffer.from(await (await fetch(url + path)).arrayBuffer());

describe('an upload', () => {
  const bytes = fresh(2 * MIB + 5);

  it('takes parts in order, and is a blob when its digest fits', async () => {
    const { open, part, complete, state } = uploads(api.url);
    const id = await open(bytes);
    expect((await part(id, bytes, 0, MIB)).status).toBe(200);
    expect(await codeOf(await part(id, bytes, 0, MIB))).toBe('upload_offset_mismatch');
    expect(await codeOf(await part(id, bytes, MIB, MIB + 10))).toBe('validation_failed');
    expect(await codeOf(await complete(id))).toBe('upload_incomplete');
    expect((await api.get(pathOf(bytes))).status).toBe(404);
    const both = await Promise.all([1, 2].map(() => part(id, bytes, MIB, 2 * MIB)));
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 409]);
    await part(id, bytes, 2 * MIB, bytes.length);
    expect(await state(id)).toMatchObject({ received: bytes.length });
    expect([(await complete(id)).status, (await complete(id)).status]).toEqual([201, 200]);
    expect((await bytesAt(api.url, pathOf(bytes))).equals(bytes)).toBe(true);
  });

  it('whose bytes are not what its digest names is over, and nothing is kept', async () => {
    const { open, part, complete, state } = uploads(api.url);
    const named = nameOf(fresh(10));
    const id = await open(bytes, named);
    await part(id, bytes, 0, bytes.length);
    expect(await codeOf(await complete(id))).toBe('blob_digest_mismatch');
    expect((await api.get(`/v1/registry/blobs/${named}`)).status).toBe(404);
    expect(await state(id)).toMatchObject({ code: 'upload_not_found' });
    expect(await actionsOf(api.db, `upload/${id}`)).toEqual(['upload_opened', 'upload_part_received', 'upload_failed']);
  });

  it('goes on where it stood after the server was killed in the middle of a part', async () => {
    const { url, drop } = await testDatabase();
    const root = mkdtempSync(join(tmpdir(), 'interlock-registry-'));
    const db = openDatabase({ url, name: 'test', max: 2 });
    const first = await startServer(url, root);
    try {
      const id = await uploads(first.url).open(bytes);
      expect((await uploads(first.url).part(id, bytes, 0, MIB)).status).toBe(200);
      const half = request(`${first.url}/v1/registry/uploads/${id}`, {
        method: 'PATCH',
        headers: { 'Content-Range': `bytes ${MIB}-${2 * MIB - 1}/${bytes.length}`, 'Content-Length': MIB },
        agent: false,
      });
      half.on('error', () => undefined);
      half.write(bytes.subarray(MIB, MIB + 1000));
      await eventually(async () => readdirSync(join(root, 'blobs', '.drafts')).length === 1);
      await first.kill();
      const second = await startServer(url, root);
      try {
        const { part, complete, state } = uploads(second.url);
        expect((await fetch(second.url + pathOf(bytes))).status).toBe(404);
        expect(await state(id)).toMatchObject({ received: MIB });
        await part(id, bytes, MIB, bytes.length);
        expect((await complete(id)).status).toBe(201);
        expect((await bytesAt(second.url, pathOf(bytes))).equals(bytes)).toBe(true);
      } finally {
        await second.kill();
      }
    } finally {
      await first.kill();
      await db.end();
      await drop();
      removeTree(root);
    }
  });
});

/** The API as a process of its own; `kill` is kill -9. */
async function startServer(databaseUrl: string, root: string) {
  const ports = await freeStackPorts();
  const child = spawn(process.execPath, [fileURLToPath(new URL('../../../api/server.ts', import.meta.url))], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      INTERLOCK_DATABASE_URL: databaseUrl,
      INTERLOCK_TEMPORAL_ADDRESS: '127.0.0.1:1',
      INTERLOCK_PORT: String(ports.api),
      INTERLOCK_ATTESTATION_PORT: String(ports.attestation),
      INTERLOCK_INTEGRITY_PORT: String(ports.integrity),
      INTERLOCK_STATE_ROOT: root,
      INTERLOCK_ENV: 'embedded',
      INTERLOCK_LOOPBACK_TRUST: '1',
    },
  });
  const url = `http://127.0.0.1:${ports.api}`;
  const exited = once(child, 'exit');
  await eventually(async () => (await fetch(`${url}/healthz`).catch(() => undefined))?.ok);
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { url, kill };
}

describe('what nothing refers to', () => {
  const longAgo = `clock_timestamp() - interval '8 days'`;
  const collect = () =>
    collectRegistry({ db: api.db, blobs: new FilesystemBlobs(join(stateRoot, 'blobs')), graceMs: 604_800_000 });

  it('is collected after its grace, with an entry; what a bundle names and what another workspace has stays', async () => {
    const [license, kept, loose, recent, shared] = [1, 2, 3, 4, 5].map(() => fresh(100)) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    for (const blob of [license, kept, loose, recent, shared]) await put(api.url, blob);
    await put(api.url, shared, pathOf(shared), 'team-c');
    await publish(api.url, 'kept', '1', manifestOf({ LICENSE: license, kept }, license));
    await api.db.query(`UPDATE registry_blobs SET put_at = ${longAgo} WHERE workspace_id = 'default'`);
    await put(api.url, recent);
    expect(await collect()).toBeGreaterThanOrEqual(2);
    const statuses = await Promise.all(
      [kept, loose, recent, shared].map(async (b) => (await api.get(pathOf(b))).status),
    );
    expect(statuses).toEqual([200, 404, 200, 404]);
    const there = await api.get(pathOf(shared), { headers: { 'X-Interlock-Workspace': 'team-c' } });
    expect(there.status).toBe(200);
    expect(await actionsOf(api.db, `blob/${nameOf(loose)}`)).toEqual(['blob_put', 'blob_collected']);
    expect((await put(api.url, loose)).status).toBe(201);
  });

  it('and uploads whose time is over go with their parts', async () => {
    const bytes = fresh(MIB);
    const { open, part, state } = uploads(api.url);
    const id = await open(bytes);
    await part(id, bytes, 0, MIB);
    const { rows } = await api.db.query<{ key: string }>('SELECT key FROM registry_upload_parts WHERE upload_id = $1', [
      id,
    ]);
    await api.db.query(`UPDATE registry_uploads SET not_after = ${longAgo} WHERE upload_id = $1`, [id]);
    expect(await state(id)).toMatchObject({ code: 'upload_not_found' });
    await collect();
    const blobs = new FilesystemBlobs(join(stateRoot, 'blobs'));
    await expect(blobs.get(rows[0]?.key ?? '')).rejects.toMatchObject({ code: 'blob_missing' });
    expect((await actionsOf(api.db, `upload/${id}`)).at(-1)).toBe('upload_expired');
  });
});

describe('a store that is away', () => {
  it.each([
    ['EROFS', 'blob_store_denied'],
    ['EIO', 'blob_store_unreachable'],
  ])('S0-13 by %s says %s, and nothing is on record', async (errno, code) => {
    const root = mkdtempSync(join(tmpdir(), 'interlock-registry-'));
    const blobs = new FilesystemBlobs(join(root, 'blobs'), {
      link: () => Promise.reject(Object.assign(new Error(errno), { code: errno })),
    });
    const away = await startApi({ blobs });
    try {
      const bytes = fresh(10);
      const answer = await put(away.url, bytes);
      expect([answer.status, await codeOf(answer)]).toEqual([503, code]);
      expect((await away.get(pathOf(bytes))).status).toBe(404);
    } finally {
      await away.close();
      removeTree(root);
    }
  });
});
