import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../db/client.ts';
import { CapturePoint } from '../../../db/capture-point.ts';
import { closeCapture } from '../../../db/command/close-capture.ts';
import { freshKey } from '../../support/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { freshMasterKey } from '../../support/secrets.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';

import { clientOf, exchange, owner, workspace } from './capture-client.ts';

let api: ApiUnderTest;
let ask: ReturnType<typeof clientOf>;
const master = freshMasterKey();
const masterKey = () => master;
beforeAll(async () => {
  api = await startApi({ masterKey });
  ask = clientOf(api);
});
afterAll(() => api?.close());

describe('the capture point', () => {
  it('S1-96 end with the window, also where a process still believes it open', async () => {
    const w = workspace();
    await ask.open(w, 'full');
    const point = new CapturePoint({ db: api.db, masterKey });
    point.watches(w);
    point.offer(exchange(w));
    await ask.captured(w, 1);
    await closeCapture(api.db, owner(w), { key: freshKey() });
    // Within the second for which the last answer of the record counts.
    expect(point.watches(w)).toBe(true);
    point.offer(exchange(w));
    await point.close();
    expect(await ask.list(w)).toHaveLength(1);
  });

  it('are dropped where there is no room, which is counted and shown; nobody waits', async () => {
    const w = workspace();
    await ask.open(w, 'full');
    const point = new CapturePoint({ db: api.db, masterKey, room: 2 });
    point.watches(w);
    point.offer(exchange(w));
    await ask.captured(w, 1);
    for (let i = 0; i < 5; i += 1) point.offer(exchange(w));
    await point.close();
    expect(await ask.get(w, '/v1/runtime')).toMatchObject({ captured: 3, dropped: 3 });
    const status = await ask.get<{ health: { warnings: { code: string; detail: string }[] } }>(w, '/v1/status');
    const warning = status.health.warnings.find(({ code }) => code === 'capture_open');
    expect(warning?.detail).toMatch(/captures full, opened by local-operator for T-1, until .*, 3 dropped$/);
  });

  it('one that cannot be looked at is dropped, and the next one is kept', async () => {
    const w = workspace();
    await ask.open(w, 'full');
    const point = new CapturePoint({ db: api.db, masterKey });
    const unreadable = () => {
      throw new Error('unreadable');
    };
    point.offer(exchange(w, { response: unreadable }));
    point.offer(exchange(w));
    await point.close();
    expect(await ask.get(w, '/v1/runtime')).toMatchObject({ captured: 1, dropped: 1 });
  });

  it('one that the database did not take is counted when it is back', async () => {
    const w = workspace();
    await ask.open(w, 'full');
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
    await eventually(async () => (await ask.get<{ dropped: number }>(w, '/v1/runtime')).dropped === 1);
    await point.close();
  });

  it('are none where the record cannot be asked or its key is not there', async () => {
    const w = workspace();
    await ask.open(w, 'full');
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
    expect(await ask.list(w)).toEqual([]);
  });

  it('an envelope opens for its own capture and for no other', async () => {
    const w = workspace();
    await ask.open(w, 'full');
    const point = new CapturePoint({ db: api.db, masterKey });
    for (let i = 0; i < 2; i += 1) point.offer(exchange(w));
    await point.close();
    const [first, second] = await ask.captured(w, 2);
    await api.db.query(
      `UPDATE debug_captures AS c SET envelope = o.envelope FROM debug_captures AS o
        WHERE c.workspace_id = $1 AND c.capture_id = $2 AND o.workspace_id = $1 AND o.capture_id = $3`,
      [w, first?.capture_id, second?.capture_id],
    );
    expect(await ask.get(w, `/v1/debug/captures/${first?.capture_id}`)).toMatchObject({ code: 'secret_unreadable' });
    expect(await ask.get(w, `/v1/debug/captures/${second?.capture_id}`)).toMatchObject({ source: 'upstream' });
  });
});
