import { describe, expect, it } from 'vitest';
import { json } from '../api/api-under-test.ts';
import {
  SUBJECT,
  VALUE,
  api,
  issue,
  issued,
  leasesOf,
  master,
  outcome,
  put,
  read,
  renew,
  show,
  slot,
  uses,
} from './leases-api.ts';
import type { Json } from './leases-api.ts';

describe('a slot', () => {
  it('S1-73 S1-77 keeps its name while values change behind it, and no answer carries one', async () => {
    const again = await put(slot, { value: 'the next value' });
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual({ slot, kind: 'openai', class: 'subject', version: 2, leases_revoked: 0 });
    const shown = await json<{ versions: Json[] }>(api.get(`/v1/secrets/${slot}`));
    expect(shown).toMatchObject({
      slot,
      version: 2,
      exposed_since: null,
      master_key_id: master.key_id,
      live_leases: 0,
    });
    expect(shown.versions.map((v) => v['version'])).toEqual([2, 1]);
    expect(JSON.stringify(shown)).not.toMatch(/value/);
    expect(await json(put(slot, { value: 'x', class: 'control' }))).toMatchObject({ code: 'secret_class_fixed' });
    expect(await json(put('Not a slot', { value: 'x' }))).toMatchObject({ fields: [{ path: 'slot' }] });
    expect(await json(put(slot, { value: '' }))).toMatchObject({ fields: [{ path: 'value', code: 'required' }] });
    expect((await api.get('/v1/secrets/none')).status).toBe(404);
  });

  it('is listed by name, page by page', async () => {
    const names: unknown[] = [];
    let path: string | undefined = '/v1/secrets?limit=1';
    while (path !== undefined) {
      const page: Response = await api.get(path);
      names.push(...((await page.json()) as Json[]).map((s) => s['slot']));
      path = /<([^>]+)>/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(names).toEqual([...names].sort());
    expect(names).toContain(slot);
    expect((await api.get('/v1/secrets?cursor=x')).status).toBe(400);
  });

  it('is rolled back to an earlier value, which is exposed if it was', async () => {
    const lease = await issued(slot);
    await read(lease);
    await put(slot, { value: 'the next value' });
    const back = () => json(api.post(`/v1/secrets/${slot}/rollback`, { version: 1 }));
    expect(await back()).toMatchObject({ version: 3, rolled_back_to: 1 });
    expect(await json(api.get(`/v1/secrets/${slot}`))).toMatchObject({ exposed_since: expect.any(String) as string });
    expect(await outcome(read(await issued(slot)))).toBe(VALUE);
    expect((await api.post(`/v1/secrets/${slot}/rollback`, { version: 3 })).status).toBe(404);
    expect((await api.post(`/v1/secrets/${slot}/rollback`, { version: 0 })).status).toBe(400);
  });
});

describe('a lease', () => {
  it('S1-79 S1-80 is shown with its subject, and is another one after a rotation', async () => {
    const subject = `session:${slot}`;
    const lease = await issued(slot, subject);
    expect(await outcome(read(lease))).toBe(VALUE);
    expect(await show(lease)).toMatchObject({ lease_id: lease.lease_id, slot, subject, state: 'active' });
    await put(slot, { value: 'rotated' });
    const next = await issued(slot, subject);
    expect(next.lease_id).not.toBe(lease.lease_id);
    expect(await leasesOf(subject)).toMatchObject({
      subject,
      live_leases: 1,
      revoked_at: null,
      leases: [
        { lease_id: next.lease_id, state: 'active' },
        { lease_id: lease.lease_id, state: 'revoked', revoked_by: 'slot' },
      ],
    });
    expect(JSON.stringify([await leasesOf(subject), await show(next)])).not.toMatch(/digest|secret"/);
  });

  it('exposes the value it read, until the slot is rotated', async () => {
    const exposed = async () => (await json(api.get(`/v1/secrets/${slot}`)))['exposed_since'];
    const lease = await issued(slot);
    expect(await exposed()).toBeNull();
    await read(lease);
    const since = await exposed();
    expect(since).toMatch(/Z$/);
    await read(lease);
    expect(await exposed()).toBe(since);
    await put(slot, { value: 'rotated' });
    expect(await exposed()).toBeNull();
  });

  it('S1-74 ends when its slot is overwritten', async () => {
    const lease = await issued(slot);
    expect(await json(put(slot, { value: 'rotated' }))).toMatchObject({ leases_revoked: 1 });
    expect(await uses(lease)).toEqual(['409 lease_revoked', '409 lease_revoked']);
  });

  it('S1-75 S1-81 S1-19 ends when its slot is revoked, and the value stays', async () => {
    const [lease, other] = [await issued(slot), await issued(slot, 'agent:b')];
    const revoked = await json(api.post(`/v1/secrets/${slot}/revoke-leases`, {}));
    expect(revoked).toEqual({ status: 'revoked', slot, leases_revoked: 2, revoked_at: expect.any(String) as string });
    for (const each of [lease, other]) expect(await uses(each)).toEqual(['409 lease_revoked', '409 lease_revoked']);
    expect(await outcome(read(await issued(slot)))).toBe(VALUE);
    expect((await api.post('/v1/secrets/none/revoke-leases', {})).status).toBe(404);
  });

  it('S1-103 S1-19 ends with all others of its subject, of whatever slot', async () => {
    const subject = `session:compromised-${slot}`;
    await put(`${slot}.b`, { value: VALUE });
    const [a, b, other] = [
      await issued(slot, subject),
      await issued(`${slot}.b`, subject),
      await issued(slot, 'agent:b'),
    ];
    const path = `/v1/subjects/${encodeURIComponent(subject)}/revoke-leases`;
    expect(await json(api.post(path, {}))).toEqual({
      status: 'revoked',
      subject,
      leases_revoked: 2,
      revoked_at: expect.any(String) as string,
    });
    for (const each of [a, b]) expect(await uses(each)).toEqual(['409 lease_revoked', '409 lease_revoked']);
    expect(await show(a)).toMatchObject({ state: 'revoked', revoked_by: 'subject' });
    expect(await outcome(read(other))).toBe(VALUE);
  });

  it('ends with its time, by the clock of the database, and is renewed only before', async () => {
    const lease = await issued(slot);
    const renewed = await json<{ not_after: string }>(renew(lease));
    expect(renewed.not_after > lease.not_after).toBe(true);
    expect(await json(api.post(`/v1/leases/${lease.lease_id}/renew`, { ttl: 1 }))).toMatchObject({
      not_after: renewed.not_after,
    });
    await api.db.query("UPDATE leases SET not_after = clock_timestamp() - interval '1 ms' WHERE lease_id = $1", [
      lease.lease_id,
    ]);
    expect(await uses(lease)).toEqual(['409 lease_expired', '409 lease_expired']);
    expect(await show(lease)).toMatchObject({ state: 'expired' });
    expect((await issue(slot, SUBJECT, { ttl: 86_401 })).status).toBe(400);
    expect((await issue(slot, SUBJECT, { ttl: 0 })).status).toBe(400);
  });

  it('opens to its own secret, in its own workspace, and to nothing else', async () => {
    const lease = await issued(slot);
    const other = await issued(slot);
    const wrong = [
      read({ ...lease, secret: other.secret }),
      read({ ...lease, lease_id: 'LSE-20260101-0000000000000000' }),
      read(lease, { 'X-Interlock-Workspace': 'other' }),
      api.post(`/v1/leases/${lease.lease_id}/read`, {}),
      read({ ...lease, secret: 'hunter2' }),
    ];
    for (const answer of wrong) expect(await outcome(answer)).toBe('401 unauthenticated');
    expect((await put('adapters.frost', { value: VALUE, class: 'control' })).status).toBeLessThan(300);
    expect(await outcome(issue('adapters.frost'))).toBe('409 slot_not_leasable');
  });
});
