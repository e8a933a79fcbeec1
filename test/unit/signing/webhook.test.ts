import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PER_ADAPTER } from '../../../api/adapter-events/adapter-events.ts';
import { isSignedBy } from '../../../api/adapter-events/signature.ts';
import { createBuckets } from '../../../api/auth/buckets.ts';
import { expiryOf, isTimely, readSignedHeaders } from '../../../domain/signing/webhook.ts';
import { webhookHeaders } from '../../support/webhook.ts';

/** The example of the Standard Webhooks reference implementations. */
const VECTOR = {
  'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  'webhook-timestamp': '1614265330',
  'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const KEY = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
const BODY = '{"test": 2432232314}';

const read = (headers: Record<string, string>) => readSignedHeaders((name) => headers[name]);
const signed = (headers: Record<string, string>, body: string | Buffer, ...keys: Buffer[]) => {
  const given = read(headers);
  return given !== null && isSignedBy(given, Buffer.from(body), keys);
};

describe('a signed request', () => {
  it('is believed as published: the vector of Standard Webhooks', () => {
    expect(signed(VECTOR, BODY, KEY)).toBe(true);
    expect(
      webhookHeaders({
        id: VECTOR['webhook-id'],
        timestamp: 1614265330,
        body: BODY,
        secret: `whsec_${KEY.toString('base64')}`,
      }),
    ).toEqual(VECTOR);
  });

  it('is judged by the bytes that came, not by what they mean', () => {
    expect(signed(VECTOR, JSON.stringify(JSON.parse(BODY)), KEY)).toBe(false);
    expect(signed(VECTOR, `${BODY}\n`, KEY)).toBe(false);
  });

  it('is believed by either key, and by one signature of several', () => {
    const other = Buffer.alloc(32, 7);
    expect(signed(VECTOR, BODY, other, KEY)).toBe(true);
    expect(signed(VECTOR, BODY, other)).toBe(false);
    expect(signed(VECTOR, BODY)).toBe(false);
    const several = `v1,${'A'.repeat(43)}= v1a,unknown ${VECTOR['webhook-signature']}`;
    expect(signed({ ...VECTOR, 'webhook-signature': several }, BODY, KEY)).toBe(true);
  });

  it('is believed no more after any bit of it was flipped', () => {
    const flip = (text: string, at: number, bit: number): Buffer => {
      const bytes = Buffer.from(text);
      const i = at % bytes.length;
      bytes[i] = (bytes[i] ?? 0) ^ (1 << bit);
      return bytes;
    };
    const names = Object.keys(VECTOR) as (keyof typeof VECTOR)[];
    fc.assert(
      fc.property(fc.constantFrom('body' as const, ...names), fc.nat(), fc.nat(7), (part, at, bit) => {
        if (part === 'body') return !signed(VECTOR, flip(BODY, at, bit), KEY);
        return !signed({ ...VECTOR, [part]: flip(VECTOR[part], at, bit).toString('latin1') }, BODY, KEY);
      }),
      { numRuns: 500 },
    );
  });

  it('has exact headers: an id without the separator, a plain time, a signature of a kind we know', () => {
    for (const [name, value] of [
      ['webhook-id', ''],
      ['webhook-id', 'a.b'],
      ['webhook-id', 'a b'],
      ['webhook-id', 'a'.repeat(129)],
      ['webhook-timestamp', '1614265330.5'],
      ['webhook-timestamp', '-1614265330'],
      ['webhook-timestamp', '01614265330'],
      ['webhook-timestamp', '1e9'],
      ['webhook-signature', 'v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='],
      ['webhook-signature', 'v1,'],
      ['webhook-signature', Array.from({ length: 9 }, () => VECTOR['webhook-signature']).join(' ')],
    ] as const)
      expect(read({ ...VECTOR, [name]: value }), `${name}: ${value}`).toBeNull();
    expect(readSignedHeaders(() => undefined)).toBeNull();
  });

  it('is timely for five minutes, before and after', () => {
    const at = { timestamp: '1614265330' };
    const now = (seconds: number) => (1614265330 + seconds) * 1000;
    expect([-301, -300, 0, 300, 301].map((s) => isTimely(at, now(s)))).toEqual([false, true, true, true, false]);
    expect(expiryOf(at)).toBe(now(300));
    expect(isTimely(at, NaN)).toBe(false);
  });
});

describe('the allowance of an adapter', () => {
  it('is spent at once and comes back with time, for each on its own', () => {
    let now = 0;
    const allowance = createBuckets({ ...PER_ADAPTER, now: () => now });
    const spent = () => Array.from({ length: 200 }, () => allowance.take('a')).filter(Boolean).length;
    expect(spent()).toBe(100);
    expect(allowance.take('b')).toBe(true);
    now = 500;
    expect(spent()).toBe(25);
    now = 1_000_000;
    expect(spent()).toBe(100);
  });
});
