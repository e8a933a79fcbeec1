import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { json, startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { reopenVault } from '../../support/leases.ts';
import { toBase64 } from '../../../domain/signing/base64.ts';
import { KEY_REGISTRATION_TYPE } from '../../../domain/signing/key-registration.ts';
import { allPublished, startSequencers } from '../../support/log.ts';
import { freshMasterKey } from '../../support/secrets.ts';
import { newKey, register } from '../../support/operator-keys.ts';
import { putBundle, signedWaiver, statementOf, TRANSITION } from '../../support/waivers.ts';

type Json = Record<string, unknown>;
interface Document {
  paths: Record<string, Record<string, { requestBody?: Body; responses: Record<string, Body> }>>;
  components: { schemas: Record<string, Json> };
}
interface Body {
  content: Record<string, { schema: { $ref: string } }>;
}

let api: ApiUnderTest;
let sequencers: { stop: () => Promise<void> };
let document: Document;
beforeAll(async () => {
  const master = freshMasterKey();
  api = await startApi({ masterKey: () => master });
  sequencers = startSequencers(api);
  document = await json<Document>(api.get('/openapi.json'));
  for (const [cls, source] of [
    ['attestation_failure', 'a'],
    ['manifest_mismatch', 'b'],
    ['forbidden_airlock_request', 'c'],
    ['tool_call_burst', 'd'],
  ])
    await api.post('/api/v1/incidents/report', {
      class: cls,
      source,
      description: 'd',
      evidence: { tool: { n: [1] } },
    });
  await allPublished(api.db);
});
afterAll(async () => {
  await sequencers?.stop();
  await api?.close();
});

/** The schema as it is published; with `closed` no object may have a member that it does not name. */
function validator(name: string, closed: boolean): z.ZodType {
  const close = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(close);
    if (typeof value !== 'object' || value === null) return value;
    const out = Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        key,
        key === '$ref' ? (member as string).replace('#/components/schemas/', '#/$defs/') : close(member),
      ]),
    );
    return closed && 'properties' in out && !('additionalProperties' in out)
      ? { ...out, additionalProperties: false }
      : out;
  };
  const $defs = close(document.components.schemas) as Record<string, z.core.JSONSchema.JSONSchema>;
  return z.fromJSONSchema({ $schema: 'https://json-schema.org/draft/2020-12/schema', $ref: `#/$defs/${name}`, $defs });
}

const named = (body: Body | undefined, type = 'application/json') =>
  body?.content[type]?.schema.$ref.replace('#/components/schemas/', '') ?? 'none';

/** Sends a request and holds its answer against what the document says of that route and status. */
async function conforms(
  method: 'get' | 'post',
  path: string,
  body?: unknown,
  template = path.split('?')[0] ?? '',
): Promise<Response> {
  const response = await (method === 'get' ? api.get(path) : api.post(path, body ?? {}));
  const said = document.paths[template]?.[method]?.responses[response.status];
  expect(said, `${method} ${path} ${response.status} is documented`).toBeDefined();
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  const verdict = validator(named(said, type), true).safeParse(await response.clone().json());
  expect(verdict.success ? [] : verdict.error.issues, `${method} ${path} ${response.status}`).toEqual([]);
  return response;
}

const REPORT = { class: 'prompt_injection', source: 's', description: 'd', severity: 'critical', dedup_key: 'k' };

describe('answers are what the document says', () => {
  it.each([
    '/health',
    '/healthz',
    '/readyz',
    '/openapi.json',
    '/api/v1/incidents',
    '/api/v1/incidents?state=contained&limit=1',
    '/api/v1/incidents?limit=0',
    '/api/v1/incidents/get?id=INC-20260101-000000-9999',
    '/api/v1/recovery/status',
    '/api/v1/stats',
    '/v1/status',
    '/v1/gates',
    '/v1/attestation',
    '/v1/attestation/diff?node=nobody',
    '/v1/integrity/diff?baseline=nothing',
    '/v1/models',
    '/v1/adapters',
    '/v1/keys',
    '/v1/keys?limit=0',
    '/v1/ledger/entries?limit=3',
    '/v1/ledger/proof?index=1',
    '/v1/ledger/consistency?from=1',
    '/v1/audit?since=1d',
    '/v1/audit?since=then',
    '/v1/events/stream?after=nowhere',
    '/v1/secrets',
    '/v1/secrets?cursor=x',
  ])('GET %s', async (path) => {
    await conforms('get', path);
  });

  it('an incident at its place in the log, and its timeline', async () => {
    const [listed] = await json<{ id: string }[]>(api.get('/api/v1/incidents?class=attestation_failure'));
    const got = await conforms('get', `/api/v1/incidents/get?id=${listed?.id}`);
    expect(await got.json()).toMatchObject({ ledger_index: expect.any(Number) as number });
    const path = `/v1/incidents/${listed?.id}/timeline`;
    expect((await conforms('get', path, undefined, '/v1/incidents/{id}/timeline')).status).toBe(200);
  });

  it('secrets and leases', async () => {
    // Critical incidents of this file hold the vault.
    await reopenVault(api.db);
    const slot = 'documented';
    const headers = { 'Content-Type': 'application/json' };
    await api.get(`/v1/secrets/${slot}`, { method: 'PUT', headers, body: '{"value":"v"}' });
    await conforms('get', '/v1/secrets');
    await conforms('get', `/v1/secrets/${slot}`, undefined, '/v1/secrets/{slot}');
    await api.get(`/v1/secrets/${slot}`, { method: 'PUT', headers, body: '{"value":"w"}' });
    await conforms('post', `/v1/secrets/${slot}/rollback`, { version: 1 }, '/v1/secrets/{slot}/rollback');
    const issued = await conforms('post', '/v1/leases', { slot, subject: 'agent:7' });
    expect(issued.status).toBe(201);
    const { lease_id, secret } = (await issued.json()) as { lease_id: string; secret: string };
    await conforms('get', `/v1/leases/${lease_id}`, undefined, '/v1/leases/{id}');
    await conforms('post', `/v1/leases/${lease_id}/renew`, { ttl: 60 }, '/v1/leases/{id}/renew');
    await conforms('post', `/v1/leases/${lease_id}/read`, {}, '/v1/leases/{id}/read');
    const read = await api.post(`/v1/leases/${lease_id}/read`, {}, { Authorization: `Bearer ${secret}` });
    expect(Object.keys((await read.json()) as object).sort()).toEqual([
      'lease_id',
      'not_after',
      'slot',
      'value',
      'version',
    ]);
    await conforms('post', `/v1/secrets/${slot}/revoke-leases`, {}, '/v1/secrets/{slot}/revoke-leases');
    await conforms('get', '/v1/subjects/agent:7/leases', undefined, '/v1/subjects/{id}/leases');
    await conforms('post', '/v1/subjects/agent:7/revoke-leases', {}, '/v1/subjects/{id}/revoke-leases');
    await conforms('get', `/v1/leases/${lease_id}`, undefined, '/v1/leases/{id}');
  });

  it('a key that is to be registered, is registered and is revoked', async () => {
    const key = newKey();
    const asked = { public_key: toBase64(key.public_key) };
    const first = await conforms('post', '/v1/keys', asked);
    expect(first.status).toBe(202);
    const { payload } = (await first.json()) as { payload: string };
    const proof = key.sign(KEY_REGISTRATION_TYPE, new Uint8Array(Buffer.from(payload, 'base64')));
    expect((await conforms('post', '/v1/keys', { ...asked, proof })).status).toBe(201);
    expect((await conforms('post', '/v1/keys', { ...asked, proof })).status).toBe(409);
    const revoke = `/v1/keys/${key.key_id}/revoke`;
    expect((await conforms('post', revoke, {}, '/v1/keys/{id}/revoke')).status).toBe(200);
    const [listed] = await json<{ id: string }[]>(api.get('/api/v1/incidents'));
    const signable = `/v1/incidents/${listed?.id}/signable`;
    expect((await conforms('get', signable, undefined, '/v1/incidents/{id}/signable')).status).toBe(200);
  });

  it('an override from its opening to its review', async () => {
    const asked = { ticket: 'T-1', reason: 'registry down', for_seconds: 600 };
    const opened = await conforms('post', '/v1/exports/overrides', asked);
    const { override_id: id } = (await opened.json()) as { override_id: string };
    await conforms('get', '/v1/status');
    const said = [
      opened,
      await conforms('post', '/v1/exports/overrides', asked),
      await conforms('post', '/v1/exports/overrides', { ...asked, for_seconds: 3601 }),
      await conforms('post', '/v1/exports/overrides/clear'),
      await conforms('post', `/v1/exports/overrides/${id}/review`, { note: 'n' }, '/v1/exports/overrides/{id}/review'),
      await conforms(
        'post',
        `/v1/exports/overrides/${id}/review`,
        { note: 'n', confirm: id },
        '/v1/exports/overrides/{id}/review',
      ),
      await conforms('get', `/v1/exports/overrides/${id}`, undefined, '/v1/exports/overrides/{id}'),
      await conforms('get', '/v1/exports/overrides/OVR-0', undefined, '/v1/exports/overrides/{id}'),
      await conforms('get', '/v1/exports/overrides'),
    ];
    expect(said.map((answer) => answer.status)).toEqual([201, 409, 400, 200, 409, 200, 200, 404, 200]);
  });

  it('a waiver from its signature to its revocation', async () => {
    const key = newKey();
    await register(api.db, key, { user: 'local-operator', roles: ['safety_reviewer'] });
    const bundle = await putBundle(api.db, 'default', 'documented');
    const signable = await conforms('get', `/v1/governance/signable?transition=${TRANSITION}`);
    expect(await signable.json()).toMatchObject({ workspace: 'default', bundles: [bundle] });
    const envelope = signedWaiver(key, await statementOf(api.db, bundle, key));
    const granted = await conforms('post', '/v1/governance/waivers', { envelope });
    const { waiver_id: id } = (await granted.json()) as { waiver_id: string };
    const said = [
      granted,
      await conforms('post', '/v1/governance/waivers', { envelope }),
      await conforms('post', '/v1/governance/waivers', { envelope: {} }),
      await conforms('post', '/v1/governance/waivers', {}),
      await conforms('get', '/v1/governance/waivers?limit=1'),
      await conforms('get', `/v1/governance/waivers?bundle=${bundle.digest}`),
      await conforms('get', '/v1/governance/waivers?bundle=x'),
      await conforms('get', `/v1/governance/waivers/${id}`, undefined, '/v1/governance/waivers/{id}'),
      await conforms('get', '/v1/governance/waivers/WVR-0', undefined, '/v1/governance/waivers/{id}'),
      await conforms(
        'post',
        `/v1/governance/waivers/${id}/revoke`,
        { reason: 'r' },
        '/v1/governance/waivers/{id}/revoke',
      ),
      await conforms('get', `/v1/governance/ledgers/${bundle.digest}?limit=1`, undefined, LEDGER),
      await conforms('get', '/v1/governance/ledgers/none', undefined, LEDGER),
    ];
    expect(said.map((answer) => answer.status)).toEqual([201, 200, 403, 400, 200, 200, 400, 200, 404, 200, 200, 400]);
    expect(said[10]?.headers.get('link')).toContain('rel="next"');
  });

  it('incidents in every shape they take', async () => {
    expect((await conforms('post', '/api/v1/incidents/report', REPORT)).status).toBe(201);
    expect((await conforms('post', '/api/v1/incidents/report', REPORT)).status).toBe(200);
    const [open] = await json<{ id: string }[]>(api.get('/api/v1/incidents?class=forbidden_airlock_request'));
    expect((await conforms('post', '/api/v1/incidents/acknowledge', { id: open?.id })).status).toBe(200);
    const [burst] = await json<{ id: string }[]>(api.get('/api/v1/incidents?class=tool_call_burst'));
    expect((await conforms('post', '/api/v1/incidents/resolve', { id: burst?.id })).status).toBe(200);
    await conforms('get', '/api/v1/incidents');
  });

  it.each([
    ['/api/v1/incidents/report', { class: 'nope' }, 400],
    ['/api/v1/incidents/resolve', { id: 'INC-20260101-000000-9999' }, 404],
    ['/api/v1/recovery/reattest', { incident_id: 'INC-20260101-000000-9999' }, 404],
    ['/v1/gates/check', { gate: 'vault' }, 200],
    ['/v1/gates/check', { gate: 'door' }, 400],
    ['/v1/models/release', { target: 'sha256:0', how: 'removed', reason: 'r' }, 404],
    ['/v1/incidents/resolve-set', { ...setOf('integrity_violation'), expected_count: 7 }, 409],
    ['/v1/incidents/resolve-set', setOf('attestation_failure'), 200],
    ['/v1/recovery/ack-set', setOf('attestation_failure'), 200],
    ['/api/v1/reload', {}, 200],
  ])('POST %s %j', async (path, body, status) => {
    expect((await conforms('post', path, body)).status).toBe(status);
  });
});

const LEDGER = '/v1/governance/ledgers/{digest}';

function setOf(cls: string) {
  return { class: cls, created_before: '2999-01-01T00:00:00+01:00', expected_count: 1, operator: 'me@org' };
}

describe('requests that the contract shows are valid by the document', () => {
  const id = 'INC-20260314-120000-0001';
  it.each([
    ['/api/v1/incidents/report', { class: 'attestation_failure', source: 'tpm-watch', description: 'PCR 23 differs' }],
    ['/api/v1/incidents/report', { ...REPORT, evidence: { subject: 'agent:1', nested: { a: [1, null, true] } } }],
    ['/api/v1/incidents/resolve', { id }],
    ['/api/v1/incidents/acknowledge', { id }],
    ['/api/v1/recovery/ack', { incident_id: id, operator: 'me@org' }],
    ['/api/v1/recovery/ack', { incident_id: id, operator: 'me@org', note: 'n', containment_binding: 'f'.repeat(64) }],
    ['/api/v1/recovery/reattest', { incident_id: id }],
    ['/v1/gates/check', { gate: 'vault' }],
    ['/v1/gates/check', { gate: 'model', target: 'sha256:0' }],
    ['/v1/recovery/ack-set', { ...setOf('manifest_mismatch'), source: 's' }],
    ['/v1/incidents/resolve-set', setOf('manifest_mismatch')],
    ['/v1/attestation/reference/approve', { node: 'local', pcr: 23, reason: 'firmware', ticket: 'CHG-1' }],
    ['/v1/attestation/reference/approve', { node: 'local', pcr: 23, reason: 'firmware', reviewed: 'f'.repeat(64) }],
    ['/v1/attestation/retire', { node: 'local', reason: 'destroyed', confirm: 'local' }],
    ['/v1/attestation/enroll', { node: 'local', replace: true, reason: 'new board' }],
    ['/v1/integrity/check', { baseline: 'protected' }],
    ['/v1/integrity/baseline/approve', { baseline: 'protected', reason: 'release 2' }],
    ['/v1/integrity/baseline/approve', { baseline: 'protected', reason: 'release 2', reviewed: 'f'.repeat(64) }],
    ['/v1/models/release', { target: '*', how: 'removed', reason: 'deleted' }],
    ['/v1/adapters/{name}/retire', { reason: 'gone', confirm: 'fw' }],
    ['/v1/exports/overrides', { ticket: 'INC-1', reason: 'registry down', for_seconds: 1800 }],
    ['/v1/exports/overrides/{id}/review', { note: 'right', confirm: `OVR-20260314-${'0'.repeat(16)}` }],
    ['/v1/governance/waivers/{id}/revoke', { reason: 'approved after all' }],
    ['/v1/keys', { public_key: `${'A'.repeat(43)}=`, user: 'me@org', roles: ['operator'] }],
  ])('%s %j', (path, body) => {
    const schema = validator(named(document.paths[path]?.['post']?.requestBody), false);
    expect(schema.safeParse(body).error?.issues ?? []).toEqual([]);
    expect(schema.safeParse({ ...body, surprise: 1 }).success).toBe(false);
  });
});
