import { describe, expect, it } from 'vitest';
import { createAttempts } from '../../../api/auth/attempts.ts';
import type { Presented } from '../../../api/auth/attempts.ts';
import { DomainError } from '../../../domain/problem/problem.ts';

function door() {
  const time = { ms: 0 };
  const attempts = createAttempts({ now: () => time.ms });
  let judged = 0;
  const send = (other: Presented | undefined, good: boolean, remoteAddress = '192.0.2.1'): Promise<string> =>
    attempts(
      { headers: { authorization: other === undefined ? `Bearer ${judged}` : 'Bearer x' }, socket: { remoteAddress } },
      async () => {
        judged += 1;
        await Promise.resolve();
        if (!good) throw new DomainError('unauthenticated');
        return 'taken';
      },
      other,
    ).catch((error: unknown) => (error as DomainError).code);
  return { time, send, judged: () => judged };
}

const signer = (name: string): Presented => ({ kind: 'signature', as: `default/${name}` });
const lease = (secret: string): Presented => ({ kind: 'lease', as: `Bearer ${secret}` });

describe('failures of credentials that are no tokens', () => {
  it('of one signer are ten more after the first, then one in six seconds; nothing else is looked at', async () => {
    const { time, send, judged } = door();
    const answers: string[] = [];
    for (let i = 0; i < 30; i++) answers.push(await send(signer('guard'), false));
    expect(answers.filter((code) => code === 'unauthenticated')).toHaveLength(10);
    expect(answers.at(-1)).toBe('auth_rate_limited');
    expect(judged()).toBe(10);
    time.ms = 6_000;
    expect(await send(signer('guard'), true)).toBe('taken');
  });

  it('leave the tokens, the leases and the signatures of each other their room', async () => {
    const { send } = door();
    for (let i = 0; i < 30; i++) await send(signer(`name-${i}`), false);
    expect(await send(signer('another'), true)).toBe('auth_rate_limited');
    expect(await send(undefined, true)).toBe('taken');
    for (let i = 0; i < 30; i++) await send(lease(`guess-${i}`), false);
    expect(await send(lease('right'), true)).toBe('auth_rate_limited');
    expect(await send(lease('right'), true, '192.0.2.2')).toBe('taken');
    expect(await send(undefined, true)).toBe('taken');
  });

  it('do not hold up a burst of events that are all signed well', async () => {
    const { send } = door();
    const burst = await Promise.all(Array.from({ length: 90 }, () => send(signer('guard'), true)));
    expect(new Set(burst)).toEqual(new Set(['taken']));
  });

  it('by strangers elsewhere take nothing from a signer that is proven here', async () => {
    const { send } = door();
    expect(await send(signer('guard'), true)).toBe('taken');
    for (let i = 0; i < 30; i++) await send(signer('guard'), false, '192.0.2.66');
    expect(await send(signer('guard'), true, '192.0.2.66')).toBe('auth_rate_limited');
    expect(await send(signer('guard'), true)).toBe('taken');
  });
});
