import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuthEvent } from '../../../api/auth/trail.ts';
import { freshMasterKey } from '../../support/secrets.ts';
import { webhookHeaders } from '../../support/webhook.ts';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

const trailed: AuthEvent[] = [];
const master = freshMasterKey();
let api: ApiUnderTest;
beforeAll(async () => {
  const trail = { write: (event: AuthEvent) => void trailed.push(event), close: () => undefined };
  api = await startApi({
    masterKey: () => master,
    auth: { loopbackTrust: false, tokens: async () => new Map(), trail },
  });
});
afterAll(() => api?.close());

const codeOf = async (response: Promise<Response>) => {
  const answer = await response;
  const { code } = (await answer.json()) as { code: string };
  return { code, retry: answer.headers.get('retry-after') !== null };
};
const limited = { code: 'auth_rate_limited', retry: true };
const refused = { code: 'unauthenticated', retry: false };

describe('guessing at doors that take no token', () => {
  it('is slow at a lease, and every failure is in the trail, never as a use of a token', async () => {
    const guess = (n: number) =>
      codeOf(
        api.post(
          '/v1/leases/LSE-20260101-0123456789abcdef/read',
          {},
          { Authorization: `Bearer ilse_${String(n).padStart(43, 'x')}` },
        ),
      );
    const answers = [];
    for (let n = 0; n < 12; n++) answers.push(await guess(n));
    expect(answers).toEqual([...Array<unknown>(10).fill(refused), limited, limited]);
    expect(trailed.map(({ code }) => code)).toEqual([
      ...Array<string>(10).fill('unauthenticated'),
      'auth_rate_limited',
      'auth_rate_limited',
    ]);
  });

  it('is slow at an adapter, whatever its name is', async () => {
    const guess = (name: string, n: number) => {
      const body = JSON.stringify({ class: 'prompt_injection' });
      const headers = webhookHeaders({
        id: `msg_${n}`,
        timestamp: Math.floor(Date.now() / 1000),
        body,
        secret: `whsec_${Buffer.alloc(32, n).toString('base64')}`,
      });
      return codeOf(api.post(`/v1/adapters/${name}/events`, body, headers));
    };
    const answers = [];
    for (let n = 0; n < 12; n++) answers.push(await guess(`name-${n}`, n));
    expect(answers).toEqual([...Array<unknown>(10).fill(refused), limited, limited]);
  });
});
