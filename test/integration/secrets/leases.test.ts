import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import { readControlSecret } from '../../../db/command/read-control-secret.ts';
import { leaseListQuery, liveCountQuery } from '../../../db/read/leases.ts';
import { slotListQuery } from '../../../db/read/secrets.ts';
import { betweenJudgeAndWrite, reopenVault } from '../../support/leases.ts';
import { planOf } from '../../support/query-plan.ts';
import { databaseText, freshMasterKey } from '../../support/secrets.ts';
import { json, startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';

const VALUE = 'sk-provider-value-7c51';
const SUBJECT = 'connector:ops-webhook';
const master = freshMasterKey();
let logged = '';
let api: ApiUnderTest;
beforeAll(async () => {
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  api = await startApi({ masterKey: () => master, log: pino({ level: 'trace' }, sink) });
});
afterAll(async () => {
  await api?.close();
});

type Json = Record<string, unknown>;
interface Issued {
  lease_id: string;
  secret: string;
  not_after: string;
}

const put = (slot: string, body: object, headers: Record<string, string> = {}) =>
  api.get(`/v1/secrets/${slot}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const issue = (slot: string, subject = SUBJECT, more: object = {}) =>
  api.post('/v1/leases', { slot, subject, ...more });
const issued = async (slot: string, subject = SUBJECT) => json<Issued>(issue(slot, subject));
const read = ({ lease_id, secret }: Issued, headers: Record<string, string> = {}) =>
  api.post(`/v1/leases/${lease_id}/read`, {}, { Authorization: `Bearer ${secret}`, ...headers });
const renew = ({ lease_id }: Issued) => api.post(`/v1/leases/${lease_id}/renew`, { ttl: 3600 });
const show = ({ lease_id }: Issued) => json(api.get(`/v1/leases/${lease_id}`));
const leasesOf = (subject: string) => json(api.get(`/v1/subjects/${encodeURIComponent(subject)}/leases`));

/** What a use of the lease is answered with: a value, or a code with its status. */
async function outcome(response: Promise<Response>): Promise<string> {
  const answer = await response;
  const body = (await answer.json()) as { code?: string; value?: string };
  return answer.ok ? (body.value ?? 'renewed') : `${answer.status} ${body.code ?? ''}`;
}
const uses = async (lease: Issued) => [await outcome(read(lease)), await outcome(renew(lease))];

let slot = '';
let n = 0;
beforeEach(async () => {
  slot = `openai.prod-${(n += 1)}`;
  expect((await put(slot, { value: VALUE, kind: 'openai' })).status).toBe(201);
});

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

describe('a closed vault', () => {
  const close = (headers: Record<string, string> = {}) =>
    api.post(
      '/api/v1/incidents/report',
      { class: 'unauthorized_access', source: slot, description: 'd', evidence: { subject: 'agent:a' } },
      headers,
    );
  const alerts = () =>
    rows<{ message: string }>(api.db, "SELECT message FROM notifications WHERE message LIKE '%' || $1 || ' are%'", [
      slot,
    ]);

  it('S1-19 refuses reads, renewals and new leases, and what was leased before never opens again', async () => {
    const lease = await issued(slot);
    expect((await close()).status).toBe(201);
    try {
      for (let i = 0; i < 3; i++) expect(await uses(lease)).toEqual(['423 vault_closed', '423 vault_closed']);
      expect(await outcome(issue(slot))).toBe('423 vault_closed');
      expect(await alerts()).toHaveLength(1);
      await put('control.slot', { value: VALUE, class: 'control' });
      const control = { workspace_id: 'default', slot: 'control.slot', actor: 'worker', purpose: 'test' };
      const kept = await readControlSecret({ db: api.db, masterKey: () => master }, control);
      expect(kept.value.toString()).toBe(VALUE);
      expect(await show(lease)).toMatchObject({ state: 'revoked', revoked_by: 'vault' });
      expect(await leasesOf(SUBJECT)).toMatchObject({ live_leases: 0 });
    } finally {
      await reopenVault(api.db);
    }
    expect(await uses(lease)).toEqual(['409 lease_revoked', '409 lease_revoked']);
    expect(await outcome(read(await issued(slot)))).toBe(VALUE);
  });

  it('is closed in every workspace by a hold of the instance', async () => {
    const lease = await issued(slot);
    await close({ 'X-Interlock-Workspace': 'elsewhere' });
    expect(await outcome(read(lease))).toBe(VALUE);
    await close({ 'X-Interlock-Workspace': 'system' });
    expect(await outcome(read(lease))).toBe('423 vault_closed');
    await reopenVault(api.db);
  });

  it('cannot be overtaken by a lease that is being issued', async () => {
    const late = await json<Issued>(betweenJudgeAndWrite(api.db, () => issue(slot), close));
    expect(await outcome(read(late))).toBe('423 vault_closed');
    await reopenVault(api.db);
    expect(await outcome(read(late))).toBe('409 lease_revoked');
  });

  it.each(['slot', 'subject', 'value'])('nor can a revoked %s', async (what) => {
    const subject = `agent:late-${slot}`;
    const late = await json<Issued>(
      betweenJudgeAndWrite(
        api.db,
        () => issue(slot, subject),
        () =>
          what === 'slot'
            ? api.post(`/v1/secrets/${slot}/revoke-leases`, {})
            : what === 'subject'
              ? api.post(`/v1/subjects/${encodeURIComponent(subject)}/revoke-leases`, {})
              : put(slot, { value: 'rotated' }),
      ),
    );
    expect(await uses(late)).toEqual(['409 lease_revoked', '409 lease_revoked']);
  });
});

it('without a master key values and leases are refused, and revoking works', async () => {
  const keyless = await startApi({ databaseUrl: api.databaseUrl });
  try {
    const lease = await issued(slot);
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${lease.secret}` };
    for (const answer of [
      keyless.get(`/v1/secrets/${slot}`, { method: 'PUT', headers, body: '{"value":"v"}' }),
      keyless.post('/v1/leases', { slot, subject: SUBJECT }),
      keyless.post(`/v1/leases/${lease.lease_id}/read`, {}, headers),
      keyless.post(`/v1/secrets/${slot}/rollback`, { version: 1 }),
    ])
      expect(await outcome(answer)).toBe('503 master_key_missing');
    expect((await keyless.get('/v1/secrets')).status).toBe(200);
    expect((await keyless.post(`/v1/secrets/${slot}/revoke-leases`, {})).status).toBe(200);
    expect(await outcome(read(lease))).toBe('409 lease_revoked');
  } finally {
    await keyless.close();
  }
});

it('neither the log nor the database knows a value or the secret of a lease', async () => {
  const lease = await issued(slot);
  await read(lease);
  await put(slot, { value: VALUE, unknown: 1 });
  const dump = await databaseText(api.db);
  expect(dump).toContain(lease.lease_id);
  for (const secret of [VALUE, lease.secret]) {
    expect(dump.includes(secret) || dump.includes(Buffer.from(secret).toString('hex'))).toBe(false);
    expect(logged.includes(secret)).toBe(false);
  }
  const { n: digests } = (await one<{ n: number }>(
    api.db,
    'SELECT count(*)::int4 AS n FROM leases WHERE length(secret_digest) = 32',
  ))!;
  expect(digests).toBeGreaterThan(0);
});

it('lists of slots and leases walk an index', async () => {
  await api.db.query(
    `INSERT INTO leases SELECT workspace_id, 'LSE-20260101-' || lpad(to_hex(i), 16, '0'), slot, 'agent:' || i % 50, secret_digest,
        slot_epoch, subject_epoch, vault_generation, issued_at, NULL, not_after + i * interval '1 s', actor, NULL
      FROM (SELECT * FROM leases LIMIT 1) AS l, generate_series(1, 20000) AS g(i)`,
  );
  await api.db.query('ANALYZE leases');
  const page = { workspace_id: 'default', subject: 'agent:7', limit: 20 };
  const after = { not_after: '2030-01-01T00:00:00.000Z', lease_id: 'LSE-20260101-0000000000000001' };
  for (const query of [
    leaseListQuery(page),
    leaseListQuery({ ...page, after }),
    slotListQuery({ workspace_id: 'default', limit: 5 }),
    liveCountQuery('default', { subject: 'agent:7' }),
    liveCountQuery('default', { slot: 'openai.prod-1' }),
  ])
    for (const node of await planOf(api.db, query))
      if (node['Relation Name'] === 'leases') expect(node['Node Type']).not.toBe('Seq Scan');
});
