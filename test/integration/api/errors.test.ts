import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.close());

const REPORT = '/api/v1/incidents/report';
const good = { class: 'tool_call_burst', source: 's', description: 'd' };

async function expectProblem(
  response: Promise<Response>,
  status: number,
  code: string,
  more: object = {},
): Promise<Response> {
  const got = await response;
  const body = (await got.json()) as object;
  expect(body).toMatchObject({
    status,
    code,
    type: `urn:interlock:problem:${code}`,
    error: expect.any(String) as string,
    ...more,
  });
  expect(got.status).toBe(status);
  expect(got.headers.get('content-type')).toBe('application/problem+json');
  return got;
}

const fields = (...list: [string, string][]) => ({ fields: list.map(([path, code]) => ({ path, code })) });

describe('errors', () => {
  it.each(['/', '/api', '/api/v1/incident', '/api/v1/incidents/', '/API/v1/incidents'])('404 for %s', async (path) => {
    await expectProblem(api.get(path), 404, 'not_found');
  });

  it('405 names the methods that are allowed', async () => {
    const post = await expectProblem(api.get(REPORT), 405, 'method_not_allowed');
    expect(post.headers.get('allow')).toBe('POST, OPTIONS');
    const get = await expectProblem(api.get('/health', { method: 'DELETE' }), 405, 'method_not_allowed');
    expect(get.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
  });

  it('OPTIONS names the methods too', async () => {
    const response = await api.get(REPORT, { method: 'OPTIONS' });
    expect([response.status, response.headers.get('allow')]).toEqual([204, 'POST, OPTIONS']);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', 'application/jsonx'])(
    '415 for %s',
    async (type) => {
      await expectProblem(api.post(REPORT, good, { 'Content-Type': type }), 415, 'unsupported_media_type');
    },
  );

  it('415 for a compressed body', async () => {
    await expectProblem(api.post(REPORT, good, { 'Content-Encoding': 'gzip' }), 415, 'unsupported_media_type');
  });

  it('JSON with a UTF-8 charset is JSON', async () => {
    const response = await api.post(REPORT, good, { 'Content-Type': 'application/json; charset="UTF-8"' });
    expect(response.status).toBe(201);
  });

  it('413 for more than 64 KiB, declared or streamed', async () => {
    const big = JSON.stringify({ ...good, description: 'x'.repeat(70_000) });
    await expectProblem(api.post(REPORT, big), 413, 'payload_too_large');
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from(big));
        controller.close();
      },
    });
    const init = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: stream,
      duplex: 'half',
    } as RequestInit;
    await expectProblem(api.get(REPORT, init), 413, 'payload_too_large');
  });

  it.each([
    ['', 'malformed_json', {}],
    ['{"class":', 'malformed_json', {}],
    ['{} {}', 'malformed_json', {}],
    ['{"class":"a","class":"b"}', 'repeated_key', fields(['class', 'repeated_key'])],
    ['{"evidence":{"a":[1e999]}}', 'unrepresentable', fields(['evidence.a[0]', 'unrepresentable'])],
    ['['.repeat(40) + ']'.repeat(40), 'too_deep', {}],
  ])('400 for the body %j', async (body, code, more) => {
    await expectProblem(api.post(REPORT, body), 400, code, more);
  });

  it.each([
    [{ ...good, colour: 'red' }, 'unknown_field', fields(['colour', 'unknown_field'])],
    [{ ...good, severity: 'low' }, 'severity_below_default', fields(['severity', 'severity_below_default'])],
    [{ ...good, source: '  ' }, 'validation_failed', fields(['source', 'required'])],
    [{ class: 'unheard_of' }, 'validation_failed', {}],
  ])('400 for the report %j', async (body, code, more) => {
    await expectProblem(api.post(REPORT, body), 400, code, more);
  });

  it.each([
    ['/api/v1/incidents?state=gone', ['state', 'invalid_value'], 'validation_failed'],
    ['/api/v1/incidents?class=gone', ['class', 'invalid_value'], 'validation_failed'],
    ['/api/v1/incidents?severity=gone', ['severity', 'invalid_value'], 'validation_failed'],
    ['/api/v1/incidents?limit=0', ['limit', 'invalid_value'], 'validation_failed'],
    ['/api/v1/incidents?limit=1001', ['limit', 'invalid_value'], 'validation_failed'],
    ['/api/v1/incidents?state=open&state=resolved', ['state', 'repeated'], 'validation_failed'],
    ['/api/v1/incidents?colour=red', ['colour', 'unknown_field'], 'unknown_field'],
    ['/api/v1/incidents/get', ['id', 'required'], 'validation_failed'],
  ])('400 for GET %s', async (path, field, code) => {
    await expectProblem(api.get(path), 400, code, fields(field as [string, string]));
  });

  it.each([
    ['/api/v1/incidents/resolve', {}, fields(['id', 'required'])],
    ['/api/v1/incidents/acknowledge', { id: 7 }, fields(['id', 'invalid_type'])],
    ['/api/v1/recovery/ack', { incident_id: 'INC' }, fields(['operator', 'required'])],
    ['/api/v1/recovery/ack', { incident_id: 'INC', operator: ' ' }, fields(['operator', 'required'])],
    ['/api/v1/recovery/ack', { incident_id: 'INC', operator: 'é'.repeat(129) }, fields(['operator', 'too_long'])],
    ['/api/v1/recovery/ack', { incident_id: 'INC', operator: 'a\nb' }, fields(['operator', 'control_character'])],
    ['/v1/gates/check', { gate: 'door' }, fields(['gate', 'unknown_gate'])],
    ['/v1/gates/check', { gate: 'agent', target: '' }, fields(['target', 'required'])],
    ['/api/v1/reload', [], fields(['', 'invalid_type'])],
  ])('400 for POST %s %j', async (path, body, more) => {
    await expectProblem(api.post(path, body), 400, 'validation_failed', more);
  });

  it('400 for an idempotency key that is not visible ASCII', async () => {
    for (const key of ['a b', 'x'.repeat(256)])
      await expectProblem(api.post(REPORT, good, { 'Idempotency-Key': key }), 400, 'validation_failed');
  });

  it.each(['INC-20260314-120000-0001', 'nonsense'])('404 for the incident %s', async (id) => {
    await expectProblem(api.get(`/api/v1/incidents/get?id=${id}`), 404, 'incident_not_found');
    await expectProblem(api.post('/api/v1/incidents/resolve', { id }), 404, 'incident_not_found');
    await expectProblem(api.post('/api/v1/incidents/acknowledge', { id }), 404, 'incident_not_found');
    await expectProblem(
      api.post('/api/v1/recovery/ack', { incident_id: id, operator: 'me' }),
      404,
      'incident_not_found',
    );
    await expectProblem(api.post('/api/v1/recovery/reattest', { incident_id: id }), 404, 'incident_not_found');
    expect(api.engine.sent).toEqual([]);
  });

  it('a client that goes away in mid-body leaves nothing behind', async () => {
    const { total_incidents: before } = (await (await api.get('/health')).json()) as { total_incidents: number };
    const socket = connect(api.port, '127.0.0.1');
    socket.write(
      `POST ${REPORT} HTTP/1.1\r\nHost: 127.0.0.1:${api.port}\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"class":`,
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    expect(await (await api.get('/health')).json()).toMatchObject({ total_incidents: before });
  });
});
