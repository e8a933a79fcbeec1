import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAttempts } from '../../../api/auth/attempts.ts';
import { boundedTrail } from '../../../api/auth/bounded-trail.ts';
import { createBuckets } from '../../../api/auth/buckets.ts';
import type { Principal } from '../../../api/auth/principal.ts';
import type { AuthEvent } from '../../../api/auth/trail.ts';
import { DomainError } from '../../../domain/problem/problem.ts';

const SOMEBODY: Principal = { actor: 'vera', roles: ['viewer'], workspace_id: 'default' };
const VALID = new Set(['Bearer vera', 'Bearer olga']);

/** A clock that stands until a test moves it. */
function clock() {
  const time = { ms: 0 };
  return { time, now: () => time.ms };
}

function kept() {
  const events: AuthEvent[] = [];
  return { events, trail: { write: (event: AuthEvent) => void events.push(event), close: () => undefined } };
}

const request = (authorization: string | undefined, remoteAddress = '192.0.2.1', headers: object = {}) => ({
  headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
  socket: { remoteAddress },
});

function door() {
  const { time, now } = clock();
  const { events, trail } = kept();
  const attempts = createAttempts({ now, trail });
  const judged: (string | undefined)[] = [];
  const send = (authorization?: string, remoteAddress?: string, headers?: object): Promise<string> => {
    const req = request(authorization, remoteAddress, headers);
    return attempts(req, async () => {
      judged.push(authorization);
      if (authorization === 'Bearer later') throw new DomainError('oidc_unreachable');
      if (!VALID.has(authorization ?? '')) throw new DomainError('unauthenticated');
      return SOMEBODY;
    }).then(
      (principal) => principal.actor,
      (error: unknown) => (error as DomainError).code,
    );
  };
  return { time, events, judged, send };
}

const fail = async (send: (token: string) => Promise<string>, times: number) => {
  for (let i = 0; i < times; i++) await send(`Bearer guess-${i}`);
};

describe('failed attempts of one source', () => {
  it('S1-128 are ten at once, then one in six seconds; past that no guess is even looked at', async () => {
    const { time, events, judged, send } = door();
    for (let i = 0; i < 10; i++) expect(await send(`Bearer guess-${i}`)).toBe('unauthenticated');
    expect(await send('Bearer guess')).toBe('auth_rate_limited');
    expect(await send('Bearer olga')).toBe('auth_rate_limited');
    expect(judged).toHaveLength(10);
    expect(events).toEqual(Array(2).fill({ code: 'auth_rate_limited', source: '192.0.2.1' }));
    time.ms = 5_999;
    expect(await send('Bearer guess')).toBe('auth_rate_limited');
    time.ms = 6_000;
    expect(await send('Bearer guess')).toBe('unauthenticated');
    expect(await send('Bearer another')).toBe('auth_rate_limited');
  });

  it('sent at the same time count as much', async () => {
    const { send, judged } = door();
    await Promise.all(Array.from({ length: 200 }, (_, i) => send(`Bearer ${i}`)));
    expect(judged).toHaveLength(10);
  });

  it('lock out nobody who proved who they are, and not one with a good credential elsewhere', async () => {
    const { send } = door();
    expect(await send('Bearer vera')).toBe('vera');
    await fail(send, 20);
    expect(await send('Bearer vera')).toBe('vera');
    expect(await send('Bearer olga', '192.0.2.2')).toBe('vera');
    expect(await send('Bearer olga')).toBe('vera');
  });

  it('through a proxy do not lock out who comes straight to the machine', async () => {
    const { send } = door();
    await fail((token) => send(token, '127.0.0.1', { 'x-forwarded-for': '192.0.2.9' }), 20);
    expect(await send('Bearer olga', '127.0.0.1', { via: '1.1 proxy' })).toBe('auth_rate_limited');
    expect(await send('Bearer olga', '127.0.0.1')).toBe('vera');
  });

  it('are counted for the address of the connection, whatever a header says of another', async () => {
    const { send } = door();
    for (let i = 0; i < 10; i++) await send(`Bearer ${i}`, '192.0.2.1', { 'x-forwarded-for': `192.0.2.${i}` });
    expect(await send('Bearer guess', '192.0.2.1', { 'x-forwarded-for': '192.0.2.99' })).toBe('auth_rate_limited');
  });

  it('are one source within a /64', async () => {
    const { send } = door();
    for (let i = 0; i < 10; i++) await send(`Bearer ${i}`, `2001:db8::${i}`);
    expect(await send('Bearer guess', '2001:db8::ffff')).toBe('auth_rate_limited');
    expect(await send('Bearer guess', '2001:db8:0:1::1')).toBe('unauthenticated');
  });

  it('are not those that present nothing, and not those that nobody could judge', async () => {
    const { send } = door();
    for (let i = 0; i < 50; i++) {
      expect(await send()).toBe('unauthenticated');
      expect(await send('Bearer later')).toBe('oidc_unreachable');
    }
    expect(await send('Bearer olga')).toBe('vera');
  });

  it('with one credential are as many, and leave room for others: a revoked token for the one that replaces it', async () => {
    const { time, judged, send } = door();
    const answers = async (token: string, times: number) => {
      const all = [];
      for (let i = 0; i < times; i++) all.push(await send(token));
      return all;
    };
    const limited = [...Array<string>(10).fill('unauthenticated'), ...Array<string>(40).fill('auth_rate_limited')];
    VALID.add('Bearer gone');
    expect(await send('Bearer gone')).toBe('vera');
    VALID.delete('Bearer gone');
    expect(await answers('Bearer gone', 50)).toEqual(limited);
    expect(await answers('Bearer bad', 50)).toEqual(limited);
    expect(judged).toHaveLength(21);
    expect(await send('Bearer olga')).toBe('vera');
    time.ms = 6_000;
    expect(await answers('Bearer gone', 2)).toEqual(['unauthenticated', 'auth_rate_limited']);
  });

  it('are not those that prove somebody, however many do for the first time', async () => {
    const { send } = door();
    const many = Array.from({ length: 30 }, (_, i) => `Bearer pipeline-${i}`);
    for (const token of many) VALID.add(token);
    for (const token of many) expect(await send(token)).toBe('vera');
    for (const token of many) VALID.delete(token);
  });

  it('that failed before may prove somebody later', async () => {
    const { send } = door();
    expect(await send('Bearer soon')).toBe('unauthenticated');
    VALID.add('Bearer soon');
    expect(await send('Bearer soon')).toBe('vera');
    VALID.delete('Bearer soon');
  });
});

describe('buckets', () => {
  it('forget the key that was used longest ago, and a full one', () => {
    const { time, now } = clock();
    const buckets = createBuckets({ burst: 1, everyMs: 1_000, most: 2, now });
    for (const key of ['a', 'b', 'c']) expect(buckets.take(key)).toBe(true);
    expect([buckets.take('c'), buckets.take('b'), buckets.take('a')]).toEqual([false, false, true]);
    time.ms = 1_000;
    expect(buckets.take('b')).toBe(true);
  });

  it('never give more than the burst and what time has added', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3_000), fc.boolean()), { maxLength: 100 }), (steps) => {
        const { time, now } = clock();
        const buckets = createBuckets({ burst: 3, everyMs: 1_000, most: 10, now });
        let net = 0;
        for (const [ms, back] of steps) {
          time.ms += ms;
          if (buckets.take('a')) net += 1;
          else expect(buckets.retryAfterS('a')).toBeGreaterThanOrEqual(1);
          if (back && net > 0) {
            buckets.giveBack('a');
            net -= 1;
          }
          expect(net).toBeLessThanOrEqual(3 + Math.floor(time.ms / 1_000) + 1e-9);
        }
      }),
    );
  });
});

describe('the trail', () => {
  it('has ten lines of the same refusal and source, then one a minute, which says how many it stands for', () => {
    const { time, now } = clock();
    const { events, trail } = kept();
    const bounded = boundedTrail(trail, now);
    const flood = (n: number) => {
      for (let i = 0; i < n; i++)
        bounded.write({ code: 'forbidden_origin', source: `2001:db8::${i % 10}`, detail: { origin: `http://${i}` } });
    };
    flood(1_000);
    bounded.write({ code: 'forbidden_host', source: '2001:db8::1' });
    expect(events.map((e) => e.code)).toEqual([...Array<string>(10).fill('forbidden_origin'), 'forbidden_host']);
    time.ms = 60_000;
    flood(5);
    expect(events).toHaveLength(12);
    expect(events.at(-1)).toMatchObject({ code: 'forbidden_origin', detail: { origin: 'http://0', folded: 990 } });
    time.ms = 120_000;
    flood(1);
    expect(events.at(-1)).toMatchObject({ detail: { folded: 4 } });
  });

  it('cannot be filled from many sources', () => {
    const { time, now } = clock();
    const { events, trail } = kept();
    const bounded = boundedTrail(trail, now);
    for (let i = 0; i < 20_000; i++) bounded.write({ code: 'unauthenticated', source: `10.0.${i >> 8}.${i & 255}` });
    expect(events).toHaveLength(300);
    time.ms = 10_000;
    for (let i = 0; i < 20_000; i++) bounded.write({ code: 'unauthenticated', source: `10.1.${i >> 8}.${i & 255}` });
    expect(events).toHaveLength(310);
  });

  it('has a line for each thing that was done', () => {
    const { events, trail } = kept();
    const bounded = boundedTrail(trail, () => 0);
    for (let i = 0; i < 1_000; i++) bounded.write({ code: 'token_used', source: '::1', actor: 'vera' });
    expect(events).toHaveLength(1_000);
  });

  it('keeps what a known actor was refused apart by what it was', () => {
    const { events, trail } = kept();
    const bounded = boundedTrail(trail, () => 0);
    for (let i = 0; i < 100; i++)
      bounded.write({ code: 'not_permitted', source: '::1', actor: 'vera', detail: { action: i < 99 ? 'a' : 'b' } });
    expect(events.map((e) => e.detail?.['action'])).toEqual([...Array<string>(10).fill('a'), 'b']);
  });
});
