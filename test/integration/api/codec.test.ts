import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.close());

const b64 = (text: string) => Buffer.from(text).toString('base64');
const plain = { metadata: { encoding: b64('json/plain') }, data: b64('{"note":"planted"}') };
const ask = async (how: string, payloads: unknown) => {
  const answer = await api.post(`/v1/codec/${how}`, { payloads });
  return { status: answer.status, body: (await answer.json()) as { payloads: (typeof plain)[]; code?: string } };
};

describe('the codec server of the engine’s consoles', () => {
  it('opens what it sealed', async () => {
    const sealed = await ask('encode', [plain]);
    expect(sealed.status).toBe(200);
    expect(Buffer.from(sealed.body.payloads[0]!.data, 'base64').includes('planted')).toBe(false);
    expect((await ask('decode', sealed.body.payloads)).body.payloads).toEqual([plain]);
    expect((await ask('decode', [plain])).body.payloads).toEqual([plain]);
  });

  it('opens nothing for another workspace, for a payload does not say of which it is', async () => {
    for (const how of ['encode', 'decode']) {
      const answer = await api.post(`/v1/codec/${how}`, { payloads: [plain] }, { 'X-Interlock-Workspace': 'lab' });
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject({ code: 'not_permitted' });
    }
  });

  it('takes a page of large payloads, and refuses what is none or was changed', async () => {
    const large = { ...plain, data: b64('x'.repeat(300_000)) };
    expect((await ask('encode', [large])).status).toBe(200);
    const metadata = { encoding: b64('binary/encrypted'), 'encryption-key-id': b64('test') };
    expect(await ask('decode', [{ metadata, data: b64('x'.repeat(64)) }])).toMatchObject({
      status: 409,
      body: { code: 'payload_unreadable' },
    });
    expect((await ask('decode', [{ metadata: { encoding: '!' } }])).status).toBe(400);
    expect((await ask('decode', 'x')).status).toBe(400);
  });
});
