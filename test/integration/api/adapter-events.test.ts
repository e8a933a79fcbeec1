import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import { webhookHeaders } from '../../support/webhook.ts';
import { secretFile } from '../../support/adapters.ts';
import { freshMasterKey, set } from '../../support/secrets.ts';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

const OLD = 'the old secret of the adapter';
const NEW = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

const master = freshMasterKey();
let api: ApiUnderTest;
const old = secretFile(OLD);
const fresh = secretFile(NEW);
beforeAll(async () => {
  // No bearer token would be believed here: what gets in gets in by its signature.
  // How often it may fail is not the subject here.
  api = await startApi({
    masterKey: () => master,
    auth: { loopbackTrust: false, tokens: async () => new Map(), failures: { burst: 10_000 } },
  });
  await define('guard', { secret: { ref: old.ref } });
});
afterAll(async () => {
  await api?.close();
  old.remove();
  fresh.remove();
});

/** As `adapters put` would, through the command: nobody is authenticated in this test. */
async function define(
  name: string,
  { secret, classes = ['prompt_injection', 'tool_call_burst'] }: { secret: object; classes?: string[] },
): Promise<void> {
  const { parseDefinition } = await import('../../../domain/adapter/definition.ts');
  const { putAdapter } = await import('../../../db/command/put-adapter.ts');
  const parsed = parseDefinition({
    mode: 'external',
    url: 'http://127.0.0.1:9/',
    actions: ['disable_tool'],
    secret,
    internal: true,
    classes,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fields));
  const key = { decision_id: crypto.randomUUID(), request_digest: 'd' };
  const by = { workspace_id: 'default', actor: 'owner', on_behalf_of: null };
  await putAdapter(api.db, by, { name, definition: parsed.definition, key });
}

const nowSeconds = () => Math.floor(Date.now() / 1000);
let n = 0;

interface Event {
  id?: string;
  timestamp?: number;
  secret?: string;
  name?: string;
  headers?: Record<string, string>;
  url?: string;
}
const EVENT = { class: 'prompt_injection', description: 'it said so', evidence: { subject: 'agent:seven' } };

async function send(event: unknown, { id, timestamp, secret = OLD, name = 'guard', headers, url }: Event = {}) {
  // Not as JSON.stringify writes it: whoever serialises it again judges other bytes.
  const body = typeof event === 'string' ? event : JSON.stringify(event, null, 3);
  const signed = webhookHeaders({ id: id ?? `msg_${n++}`, timestamp: timestamp ?? nowSeconds(), body, secret });
  const response = await fetch(`${url ?? api.url}/v1/adapters/${name}/events`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...signed, ...headers },
    body,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const incidents = async () => (await rows<{ n: number }>(api.db, 'SELECT count(*)::int4 AS n FROM incidents'))[0]?.n;
const refusedEntries = () =>
  rows<{ actor: string; detail: string }>(
    api.db,
    `SELECT actor, detail FROM ledger_entries WHERE action = 'adapter_event_refused' ORDER BY entry_id`,
  );

describe('an event that an adapter signed', () => {
  it('reports an incident, in the name of the adapter', async () => {
    const { status, body } = await send({ ...EVENT, dedup_key: 'k' });
    expect({ status, body }).toMatchObject({ status: 201, body: { status: 'recorded', severity: 'high' } });
    const incident = await one(api.db, 'SELECT source, class, state FROM incidents WHERE id = $1', [
      body['incident_id'],
    ]);
    expect(incident).toEqual({ source: 'adapter:guard', class: 'prompt_injection', state: 'contained' });
    const entry = await one<{ actor: string; detail: string }>(
      api.db,
      `SELECT actor, detail FROM ledger_entries WHERE action = 'adapter_event'`,
    );
    expect(entry?.actor).toBe('adapter:guard');
    expect(JSON.parse(entry?.detail ?? '')).toMatchObject({ incident_id: body['incident_id'], webhook_id: 'msg_0' });
    expect((await send({ ...EVENT, dedup_key: 'k' })).status).toBe(200);
  });

  it('does nothing when it is repeated, also when all of them come at once', async () => {
    const before = await incidents();
    const event = { id: 'msg_again', timestamp: nowSeconds() };
    const replies = await Promise.all(Array.from({ length: 12 }, () => send(EVENT, event)));
    expect(new Set(replies.map((r) => r.body['incident_id'])).size).toBe(1);
    const later = await send({ ...EVENT, description: 'another body under the same id' }, event);
    expect(later).toMatchObject({
      status: 200,
      body: { status: 'repeated', incident_id: replies[0]?.body['incident_id'] },
    });
    expect(await incidents()).toBe((before ?? 0) + 1);
    const kept = await one<{ n: number }>(
      api.db,
      `SELECT count(*)::int4 AS n FROM adapter_events WHERE webhook_id = 'msg_again'`,
    );
    expect(kept?.n).toBe(1);
  });

  it.each([
    ['by another secret', {}, { secret: 'some other secret of enough length' }],
    ['too old', {}, { timestamp: nowSeconds() - 330 }],
    ['of the future', {}, { timestamp: nowSeconds() + 330 }],
    ['without a signature', { 'webhook-signature': '' }, {}],
    ['with the id of another', { 'webhook-id': 'msg_other' }, {}],
    ['with the time of another', { 'webhook-timestamp': String(nowSeconds() - 60) }, {}],
    ['for an adapter that is not there', {}, { name: 'nobody' }],
    ['in another workspace', { 'X-Interlock-Workspace': 'elsewhere' }, {}],
    ['with a bearer token instead', { 'webhook-signature': '', Authorization: 'Bearer abc' }, {}],
  ])('is refused %s', async (_how, headers, how) => {
    const before = await incidents();
    expect(await send(EVENT, { ...how, headers })).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(await incidents()).toBe(before);
  });

  it('leaves its refusal in the ledger, by nobody where nothing was proven, and not once per attempt', async () => {
    const codes = async () =>
      (await refusedEntries()).map((e) => [e.actor, (JSON.parse(e.detail) as { code: string }).code]);
    expect(await codes()).toEqual(
      expect.arrayContaining([
        ['anyone', 'signature_invalid'],
        ['anyone', 'headers_malformed'],
        ['adapter:guard', 'timestamp_out_of_tolerance'],
      ]),
    );
    const before = (await codes()).length;
    for (let i = 0; i < 20; i++) await send(EVENT, { secret: 'some other secret of enough length' });
    expect((await codes()).length).toBe(before);
  });

  it('is taken by both secrets of a rotation, and after it by the new one alone', async () => {
    await define('guard', { secret: { ref: fresh.ref, previous_ref: old.ref } });
    expect((await send(EVENT, { secret: OLD })).status).toBe(201);
    expect((await send(EVENT, { secret: NEW })).status).toBe(201);
    await define('guard', { secret: { ref: fresh.ref } });
    expect((await send(EVENT, { secret: OLD })).status).toBe(401);
    expect((await send(EVENT, { secret: NEW })).status).toBe(201);
    // The file is read at each use: replacing it is enough.
    writeFileSync(fresh.ref.slice('file:'.length), OLD);
    expect((await send(EVENT, { secret: NEW })).status).toBe(401);
    expect((await send(EVENT, { secret: OLD })).status).toBe(201);
  });

  it('S1-88 is judged by the versions of a slot, whose value is read once each', async () => {
    const deps = { db: api.db, masterKey: () => master };
    const [one, two, three] = ['first', 'second', 'third'].map((word) => `the ${word} value of the slot`);
    const how = (secret = '') => ({ name: 'slotted', secret });
    await set(deps, 'adapter.slotted', one ?? '', { class: 'control' });
    await define('slotted', { secret: { ref: 'slot:adapter.slotted', previous_ref: 'slot:adapter.slotted@previous' } });
    expect((await send(EVENT, how(one))).status).toBe(201);
    await set(deps, 'adapter.slotted', two ?? '');
    for (const secret of [one, two, two, one]) expect((await send(EVENT, how(secret))).status).toBe(201);
    await set(deps, 'adapter.slotted', three ?? '');
    expect([(await send(EVENT, how(one))).status, (await send(EVENT, how(three))).status]).toEqual([401, 201]);
    const reads = await rows(api.db, `SELECT 1 FROM ledger_entries WHERE action = 'secret_read'`);
    expect(reads.length).toBe(5);
  });

  it('is within the classes of its adapter, and says nothing of its source', async () => {
    expect(await send({ ...EVENT, class: 'attestation_failure' })).toMatchObject({
      status: 403,
      body: { code: 'class_not_permitted' },
    });
    await define('mute', { secret: { ref: old.ref }, classes: [] });
    expect((await send(EVENT, { name: 'mute' })).status).toBe(403);
    expect(await send({ ...EVENT, source: 's' })).toMatchObject({
      status: 400,
      body: { fields: [{ path: 'source' }] },
    });
    expect((await send('{"class":')).status).toBe(400);
    expect((await send('[]')).status).toBe(400);
    expect((await send({ ...EVENT, description: 'x'.repeat(70_000) })).status).toBe(413);
    expect(await refusedEntries()).toEqual(
      expect.arrayContaining([expect.objectContaining({ actor: 'adapter:mute' })]),
    );
  });

  it('is judged again when nothing became of it', async () => {
    const low = { ...EVENT, severity: 'low' };
    expect(await send(low, { id: 'msg_low' })).toMatchObject({ status: 400, body: { code: 'severity_below_default' } });
    expect((await send(EVENT, { id: 'msg_low' })).status).toBe(201);
  });

  it('is refused after its adapter was retired', async () => {
    await api.db.query(`UPDATE adapters SET state = 'retired' WHERE name = 'mute'`);
    expect((await send(EVENT, { name: 'mute' })).status).toBe(401);
  });

  it('is forgotten only when it could not be sent again', async () => {
    await api.db.query(
      `UPDATE adapter_events SET expires_at = now() - interval '2 minutes' WHERE webhook_id = 'msg_0'`,
    );
    await api.db.query(`UPDATE adapter_events SET expires_at = now() - interval '30 s' WHERE webhook_id = 'msg_again'`);
    await send(EVENT);
    const kept = await rows<{ webhook_id: string }>(api.db, 'SELECT webhook_id FROM adapter_events');
    expect(kept.map((row) => row.webhook_id)).not.toContain('msg_0');
    expect(kept.map((row) => row.webhook_id)).toContain('msg_again');
  });

  it('S1-31 keeps its signature through a proxy, which passes body and headers on as they are', async () => {
    const proxy = createServer((req, res) => {
      const headers = { ...req.headers, 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https' };
      const on = request(new URL(req.url ?? '', api.url), { method: req.method, headers }, (reply) => {
        res.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(res);
      });
      req.pipe(on);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
      const spelled = '{ "class":"tool_call_burst",\n\t"description" : "caf\\u00e9 \u00e9", "evidence":{"n":1.0e0} }';
      expect((await send(spelled, { url })).status).toBe(201);
      expect((await send(spelled, { url, secret: 'some other secret of enough length' })).status).toBe(401);
    } finally {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    }
  });
});

describe('an event whose adapter was changed after it was judged', () => {
  it('is not recorded by what no longer holds', async () => {
    const { recordEach } = await import('../../../db/command/intake.ts');
    const { reportingAdapter } = await import('../../../db/read/reporting-adapter.ts');
    const judged = (await reportingAdapter(api.db, 'default', 'guard'))!;
    const request = (version: number, expires: number, id: string) => ({
      workspace_id: 'default',
      actor: 'adapter:guard',
      on_behalf_of: null,
      report: { ...EVENT, class: 'prompt_injection' as const, source: 'adapter:guard' },
      evidence: '{}',
      key: null,
      event: {
        adapter_id: judged.adapter_id,
        adapter_version: version,
        webhook_id: id,
        expires_at: new Date(Date.now() + expires).toISOString(),
      },
    });
    const fates = await recordEach(api.db, [
      request(judged.version - 1, 60_000, 'msg_version'),
      request(judged.version, -1, 'msg_expired'),
      request(judged.version, 60_000, 'msg_good'),
    ]);
    expect(fates).toMatchObject([
      { reply: { ok: false, code: 'stale_state' } },
      { reply: { ok: false, code: 'stale_state' } },
      { reply: { ok: true } },
    ]);
  });
});
