import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { CapturePoint } from '../../../db/capture-point.ts';
import type { Exchange } from '../../../db/capture-point.ts';
import { closeCapture } from '../../../db/command/close-capture.ts';
import { openCapture } from '../../../db/command/open-capture.ts';
import { pruneExpired } from '../../../db/command/prune-captures.ts';
import { freshKey } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { databaseText, freshMasterKey } from '../../support/secrets.ts';
import { json, startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';

let api: ApiUnderTest;
const master = freshMasterKey();
const masterKey = () => master;
beforeAll(async () => {
  api = await startApi({ masterKey });
});
afterAll(() => api?.close());

interface Listed {
  capture_id: string;
  window_id: string;
  method: string;
  path_template: string;
  status: number | null;
}

const workspace = () => `w-${crypto.randomUUID()}`;
const as = (w: string) => ({ 'X-Interlock-Workspace': w });
const post = (w: string, path: string, body: unknown) => json(api.post(path, body, as(w)));
const get = <T>(w: string, path: string) => json<T>(api.get(path, { headers: as(w) }));
const owner = (workspace_id: string) => ({ workspace_id, actor: 'owner@org', on_behalf_of: null });
const open = (w: string, level: 'errors' | 'full') =>
  post(w, '/v1/runtime/debug', { level, for_seconds: 600, ...(level === 'full' ? { ticket: 'T-1' } : {}) });
const list = (w: string, query = '') => get<Listed[]>(w, `/v1/debug/captures${query}`);
const captured = (w: string, n: number) =>
  eventually(async () => {
    const found = await list(w);
    return found.length >= n && found;
  });
const entries = async (w: string, action: string) =>
  (
    await rows<{ detail: string; actor: string }>(
      api.db,
      'SELECT detail, actor FROM ledger_entries WHERE workspace_id = $1 AND action = $2 ORDER BY entry_id',
      [w, action],
    )
  ).map(({ detail, actor }) => ({ actor, ...(JSON.parse(detail) as object) }));

/** An exchange that was captured whatever its route. */
const exchange = (workspace_id: string, more: Partial<Exchange> = {}): Exchange => ({
  workspace_id,
  source: 'upstream',
  method: 'POST',
  path_template: 'upstream/x',
  target: 'https://x.example/v1',
  status: 200,
  failure: null,
  request: () => ({ value: { a: 1 }, bytes: 7 }),
  response: () => ({ value: undefined, bytes: 0 }),
  actor: 'test',
  on_behalf_of: null,
  ...more,
});

describe('captures', () => {
  it('keep requests and answers of the API, redacted, sealed, each reading an entry', async () => {
    const w = workspace();
    await open(w, 'full');
    const said = { gate: 'planted-word-in-a-body', password: 'planted-password' };
    await post(w, '/api/v1/incidents/report', said);
    await get(w, '/v1/gates');
    const found = await captured(w, 2);
    expect(found.map((c) => [c.method, c.path_template, c.status])).toEqual(
      expect.arrayContaining([
        ['POST', '/api/v1/incidents/report', 400],
        ['GET', '/v1/gates', 200],
      ]),
    );
    const text = await databaseText(api.db);
    expect(text).not.toContain('planted-word-in-a-body');
    const id = found.find((c) => c.method === 'POST')?.capture_id ?? '';
    const shown = await get<{ content: { request: { text: string; redacted: number }; failure: string } }>(
      w,
      `/v1/debug/captures/${id}`,
    );
    expect(JSON.parse(shown.content.request.text)).toEqual({ ...said, password: '[redacted]' });
    expect(shown.content).toMatchObject({ failure: 'validation_failed', request: { redacted: 1, truncated: false } });
    expect(await entries(w, 'capture_read')).toEqual([{ actor: 'local-operator', capture_id: id }]);
    const other = workspace();
    expect(await get(other, `/v1/debug/captures/${id}`)).toMatchObject({ code: 'capture_not_found' });
    expect(await list(other)).toEqual([]);
  });

  it('hold nothing of an answer that is too long to be looked through, or is a stream', async () => {
    const w = workspace();
    await open(w, 'full');
    await api.db.query(
      `INSERT INTO rotations (workspace_id, rotation_id, row, subject, state, dry_run, overlap_seconds, compromised, attempts,
          reason, created_at, finished_at, memory, version, actor)
        SELECT $1, 'ROT-20260314-' || to_char(n, 'FM00000000'), 'admin_token', '', 'failed', true, 0, false, 0,
          repeat('long ', 200), now(), now(), '{}', 1, 'test' FROM generate_series(1, 300) AS n`,
      [w],
    );
    await get(w, '/v1/rotations');
    const stream = await api.get('/v1/events/stream', { headers: as(w) });
    await stream.body?.cancel();
    const found = await captured(w, 2);
    const contents = await Promise.all(
      found.map(async ({ capture_id, path_template }) => {
        const shown = await get<{ content: { response: object } }>(w, `/v1/debug/captures/${capture_id}`);
        return [path_template, shown.content.response];
      }),
    );
    expect(Object.fromEntries(contents)).toMatchObject({
      '/v1/rotations': { text: null, omitted: 'too_large' },
      '/v1/events/stream': { text: null },
    });
  });

  it('never hold what goes to secrets, leases, codecs or captures themselves', async () => {
    const w = workspace();
    await open(w, 'full');
    const planted = 'planted-in-a-secret-route';
    const put = (body: object) =>
      api.get('/v1/secrets/slot', {
        method: 'PUT',
        headers: { ...as(w), 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect((await put({ value: planted })).status).toBe(201);
    await put({ value: planted, wrong: planted });
    const lease = await post(w, '/v1/leases', { slot: 'slot', subject: 'agent:1' });
    await post(w, '/v1/codec/decode', { payloads: [{ data: planted }] });
    await list(w);
    await get(w, '/v1/gates');
    expect((await captured(w, 1)).map((c) => c.path_template)).toEqual(['/v1/gates']);
    const text = await databaseText(api.db);
    expect(text).not.toContain(planted);
    expect(lease['secret']).toMatch(/^ilse_/);
    expect(text).not.toContain(lease['secret']);
  });

  it('at errors are only what went wrong', async () => {
    const w = workspace();
    await open(w, 'errors');
    await get(w, '/v1/gates');
    await get(w, '/v1/rotations?limit=0');
    expect((await captured(w, 1)).map((c) => [c.path_template, c.status])).toEqual([['/v1/rotations', 400]]);
  });

  it('S1-96 end with the window, also where a process still believes it open', async () => {
    const w = workspace();
    await open(w, 'full');
    const point = new CapturePoint({ db: api.db, masterKey });
    point.watches(w);
    point.offer(exchange(w));
    await captured(w, 1);
    await closeCapture(api.db, owner(w), { key: freshKey() });
    // Within the second for which the last answer of the record counts.
    expect(point.watches(w)).toBe(true);
    point.offer(exchange(w));
    await point.close();
    expect(await list(w)).toHaveLength(1);
  });

  it('are dropped where there is no room, which is counted and shown; nobody waits', async () => {
    const w = workspace();
    await open(w, 'full');
    const point = new CapturePoint({ db: api.db, masterKey, room: 2 });
    point.watches(w);
    point.offer(exchange(w));
    await captured(w, 1);
    for (let i = 0; i < 5; i += 1) point.offer(exchange(w));
    await point.close();
    expect(await get(w, '/v1/runtime')).toMatchObject({ captured: 3, dropped: 3 });
    const status = await get<{ health: { warnings: { code: string; detail: string }[] } }>(w, '/v1/status');
    const warning = status.health.warnings.find(({ code }) => code === 'capture_open');
    expect(warning?.detail).toMatch(/captures full, opened by local-operator for T-1, until .*, 3 dropped$/);
  });

  it('one that cannot be looked at is dropped, and the next one is kept', async () => {
    const w = workspace();
    await open(w, 'full');
    const point = new CapturePoint({ db: api.db, masterKey });
    const unreadable = () => {
      throw new Error('unreadable');
    };
    point.offer(exchange(w, { response: unreadable }));
    point.offer(exchange(w));
    await point.close();
    expect(await get(w, '/v1/runtime')).toMatchObject({ captured: 1, dropped: 1 });
  });

  it('one that the database did not take is counted when it is back', async () => {
    const w = workspace();
    await open(w, 'full');
    const refused = Promise.withResolvers<void>();
    let away = true;
    const connect = () => {
      refused.resolve();
      return Promise.reject(new Error('away'));
    };
    const db = new Proxy(api.db, {
      get: (pool, name) => {
        if (name === 'connect' && away) return connect;
        const member: unknown = Reflect.get(pool, name);
        return typeof member === 'function' ? (member.bind(pool) as unknown) : member;
      },
    });
    const point = new CapturePoint({ db, masterKey });
    point.offer(exchange(w));
    await refused.promise;
    away = false;
    await eventually(async () => (await get<{ dropped: number }>(w, '/v1/runtime')).dropped === 1);
    await point.close();
  });

  it('are none where the record cannot be asked or its key is not there', async () => {
    const w = workspace();
    await open(w, 'full');
    const away = { query: () => Promise.reject(new Error('away')) } as unknown as Database;
    const keyless = () => {
      throw new Error('no key');
    };
    for (const options of [
      { db: away, masterKey },
      { db: api.db, masterKey: keyless },
    ]) {
      const point = new CapturePoint(options);
      point.watches(w);
      point.offer(exchange(w));
      await point.close();
    }
    expect(await list(w)).toEqual([]);
  });

  it('S1-113 are pruned by hand, in batches with one entry each, and by themselves when their time is over', async () => {
    const w = workspace();
    await open(w, 'full');
    const point = new CapturePoint({ db: api.db, masterKey });
    for (let i = 0; i < 3; i += 1) point.offer(exchange(w));
    await point.close();
    await api.db.query(
      `UPDATE debug_captures SET expires_at = clock_timestamp() WHERE capture_id =
        (SELECT capture_id FROM debug_captures WHERE workspace_id = $1 ORDER BY capture_id LIMIT 1)`,
      [w],
    );
    expect(await list(w)).toHaveLength(2);
    const over = await one<{ id: string }>(
      api.db,
      'SELECT capture_id AS id FROM debug_captures WHERE workspace_id = $1 AND expires_at <= clock_timestamp()',
      [w],
    );
    expect(await get(w, `/v1/debug/captures/${over?.id}`)).toMatchObject({ code: 'capture_not_found' });
    while ((await pruneExpired(api.db, 'capture-pruning')).more);
    const left = () =>
      one<{ n: number }>(api.db, 'SELECT count(*) AS n FROM debug_captures WHERE workspace_id = $1', [w]);
    expect(await left()).toEqual({ n: 2 });
    expect(await post(w, '/v1/debug/prune', { before: '2020-01-01T00:00:00Z' })).toEqual({ pruned: 0, more: false });
    const [{ window_id } = { window_id: '' }] = await list(w);
    expect(await list(w, '?window=CAP-20200101-00000000')).toEqual([]);
    expect(await post(w, '/v1/debug/prune', { window_id })).toEqual({ pruned: 2, more: false });
    expect(await left()).toEqual({ n: 0 });
    expect(await entries(w, 'captures_pruned')).toEqual([
      { actor: 'capture-pruning', count: 1, expired: true },
      { actor: 'local-operator', before: null, count: 2, window_id },
    ]);
  });

  it('an envelope opens for its own capture and for no other', async () => {
    const w = workspace();
    await open(w, 'full');
    const point = new CapturePoint({ db: api.db, masterKey });
    for (let i = 0; i < 2; i += 1) point.offer(exchange(w));
    await point.close();
    const [first, second] = await captured(w, 2);
    await api.db.query(
      `UPDATE debug_captures AS c SET envelope = o.envelope FROM debug_captures AS o
        WHERE c.workspace_id = $1 AND c.capture_id = $2 AND o.workspace_id = $1 AND o.capture_id = $3`,
      [w, first?.capture_id, second?.capture_id],
    );
    expect(await get(w, `/v1/debug/captures/${first?.capture_id}`)).toMatchObject({ code: 'secret_unreadable' });
    expect(await get(w, `/v1/debug/captures/${second?.capture_id}`)).toMatchObject({ source: 'upstream' });
  });

  it('a window without a master key, a ticket or an end is refused', async () => {
    const w = workspace();
    const without = () => {
      throw Object.assign(new Error('none'), { code: 'master_key_missing' });
    };
    const asked = { level: 'full', seconds: 60, ticket: 'T-1', key: freshKey() } as const;
    await expect(openCapture({ db: api.db, masterKey: without }, owner(w), asked)).rejects.toMatchObject({
      code: 'master_key_missing',
    });
    const refused = (body: object) => post(w, '/v1/runtime/debug', body);
    expect(await refused({ level: 'full', for_seconds: 60 })).toMatchObject({ fields: [{ path: 'ticket' }] });
    expect(await refused({ level: 'full', for_seconds: 1801, ticket: 'T' })).toMatchObject({
      fields: [{ path: 'for_seconds', code: 'invalid_value' }],
    });
    expect(await refused({ level: 'errors' })).toMatchObject({ fields: [{ path: 'for_seconds', code: 'required' }] });
    expect(await refused({ level: 'off', ticket: 'T' })).toMatchObject({ fields: [{ code: 'not_allowed' }] });
    expect(await get(w, '/v1/runtime')).toMatchObject({ debug_level: 'off' });
  });
});
