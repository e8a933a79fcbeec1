import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one } from '../../../db/client.ts';
import { CapturePoint } from '../../../db/capture-point.ts';
import { openCapture } from '../../../db/command/open-capture.ts';
import { pruneExpired } from '../../../db/command/prune-captures.ts';
import { freshKey } from '../../support/adapters.ts';
import { databaseText, freshMasterKey } from '../../support/secrets.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';

import { as, clientOf, exchange, owner, workspace } from './capture-client.ts';

let api: ApiUnderTest;
let ask: ReturnType<typeof clientOf>;
const master = freshMasterKey();
const masterKey = () => master;
beforeAll(async () => {
  api = await startApi({ masterKey });
  ask = clientOf(api);
});
afterAll(() => api?.close());

describe('captures', () => {
  it('keep requests and answers of the API, redacted, sealed, each reading an entry', async () => {
    const w = workspace();
    await ask.open(w, 'full');
    const said = { gate: 'planted-word-in-a-body', password: 'planted-password' };
    await ask.post(w, '/api/v1/incidents/report', said);
    await ask.get(w, '/v1/gates');
    const found = await ask.captured(w, 2);
    expect(found.map((c) => [c.method, c.path_template, c.status])).toEqual(
      expect.arrayContaining([
        ['POST', '/api/v1/incidents/report', 400],
        ['GET', '/v1/gates', 200],
      ]),
    );
    const text = await databaseText(api.db);
    expect(text).not.toContain('planted-word-in-a-body');
    const id = found.find((c) => c.method === 'POST')?.capture_id ?? '';
    const shown = await ask.get<{ content: { request: { text: string; redacted: number }; failure: string } }>(
      w,
      `/v1/debug/captures/${id}`,
    );
    expect(JSON.parse(shown.content.request.text)).toEqual({ ...said, password: '[redacted]' });
    expect(shown.content).toMatchObject({ failure: 'validation_failed', request: { redacted: 1, truncated: false } });
    expect(await ask.entries(w, 'capture_read')).toEqual([{ actor: 'local-operator', capture_id: id }]);
    const other = workspace();
    expect(await ask.get(other, `/v1/debug/captures/${id}`)).toMatchObject({ code: 'capture_not_found' });
    expect(await ask.list(other)).toEqual([]);
  });

  it('hold nothing of an answer that is too long to be looked through, or is a stream', async () => {
    const w = workspace();
    await ask.open(w, 'full');
    await api.db.query(
      `INSERT INTO rotations (workspace_id, rotation_id, row, subject, state, dry_run, overlap_seconds, compromised, attempts,
          reason, created_at, finished_at, memory, version, actor)
        SELECT $1, 'ROT-20260314-' || to_char(n, 'FM00000000'), 'admin_token', '', 'failed', true, 0, false, 0,
          repeat('long ', 200), now(), now(), '{}', 1, 'test' FROM generate_series(1, 300) AS n`,
      [w],
    );
    await ask.get(w, '/v1/rotations');
    const stream = await api.get('/v1/events/stream', { headers: as(w) });
    await stream.body?.cancel();
    const found = await ask.captured(w, 2);
    const contents = await Promise.all(
      found.map(async ({ capture_id, path_template }) => {
        const shown = await ask.get<{ content: { response: object } }>(w, `/v1/debug/captures/${capture_id}`);
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
    await ask.open(w, 'full');
    const planted = 'planted-in-a-secret-route';
    const put = (body: object) =>
      api.get('/v1/secrets/slot', {
        method: 'PUT',
        headers: { ...as(w), 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect((await put({ value: planted })).status).toBe(201);
    await put({ value: planted, wrong: planted });
    const lease = await ask.post(w, '/v1/leases', { slot: 'slot', subject: 'agent:1' });
    await ask.post(w, '/v1/codec/decode', { payloads: [{ data: planted }] });
    await ask.list(w);
    await ask.get(w, '/v1/gates');
    expect((await ask.captured(w, 1)).map((c) => c.path_template)).toEqual(['/v1/gates']);
    const text = await databaseText(api.db);
    expect(text).not.toContain(planted);
    expect(lease['secret']).toMatch(/^ilse_/);
    expect(text).not.toContain(lease['secret']);
  });

  it('at errors are only what went wrong', async () => {
    const w = workspace();
    await ask.open(w, 'errors');
    await ask.get(w, '/v1/gates');
    await ask.get(w, '/v1/rotations?limit=0');
    expect((await ask.captured(w, 1)).map((c) => [c.path_template, c.status])).toEqual([['/v1/rotations', 400]]);
  });

  it('S1-113 are pruned by hand, in batches with one entry each, and by themselves when their time is over', async () => {
    const w = workspace();
    await ask.open(w, 'full');
    const point = new CapturePoint({ db: api.db, masterKey });
    for (let i = 0; i < 3; i += 1) point.offer(exchange(w));
    await point.close();
    await api.db.query(
      `UPDATE debug_captures SET expires_at = clock_timestamp() WHERE capture_id =
        (SELECT capture_id FROM debug_captures WHERE workspace_id = $1 ORDER BY capture_id LIMIT 1)`,
      [w],
    );
    expect(await ask.list(w)).toHaveLength(2);
    const over = await one<{ id: string }>(
      api.db,
      'SELECT capture_id AS id FROM debug_captures WHERE workspace_id = $1 AND expires_at <= clock_timestamp()',
      [w],
    );
    expect(await ask.get(w, `/v1/debug/captures/${over?.id}`)).toMatchObject({ code: 'capture_not_found' });
    while ((await pruneExpired(api.db, 'capture-pruning')).more);
    const left = () =>
      one<{ n: number }>(api.db, 'SELECT count(*) AS n FROM debug_captures WHERE workspace_id = $1', [w]);
    expect(await left()).toEqual({ n: 2 });
    expect(await ask.post(w, '/v1/debug/prune', { before: '2020-01-01T00:00:00Z' })).toEqual({
      pruned: 0,
      more: false,
    });
    const [{ window_id } = { window_id: '' }] = await ask.list(w);
    expect(await ask.list(w, '?window=CAP-20200101-00000000')).toEqual([]);
    expect(await ask.post(w, '/v1/debug/prune', { window_id })).toEqual({ pruned: 2, more: false });
    expect(await left()).toEqual({ n: 0 });
    expect(await ask.entries(w, 'captures_pruned')).toEqual([
      { actor: 'capture-pruning', count: 1, expired: true },
      { actor: 'local-operator', before: null, count: 2, window_id },
    ]);
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
    const refused = (body: object) => ask.post(w, '/v1/runtime/debug', body);
    expect(await refused({ level: 'full', for_seconds: 60 })).toMatchObject({ fields: [{ path: 'ticket' }] });
    expect(await refused({ level: 'full', for_seconds: 1801, ticket: 'T' })).toMatchObject({
      fields: [{ path: 'for_seconds', code: 'invalid_value' }],
    });
    expect(await refused({ level: 'errors' })).toMatchObject({ fields: [{ path: 'for_seconds', code: 'required' }] });
    expect(await refused({ level: 'off', ticket: 'T' })).toMatchObject({ fields: [{ code: 'not_allowed' }] });
    expect(await ask.get(w, '/v1/runtime')).toMatchObject({ debug_level: 'off' });
  });
});
