import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOlder, judgeCounters } from '../../../domain/attestation/counters.ts';
import type { Counters } from '../../../domain/attestation/tpms-attest.ts';

const last: Counters = { clock: '5000', reset_count: 3, restart_count: 1, safe: true };
const judge = (changes: Partial<Counters>, before: Counters | null = last) => {
  const { claims, reboot, record } = judgeCounters(before, { ...last, ...changes });
  return { failed: claims.filter((c) => !c.ok).map((c) => c.claim), reboot, record };
};

describe('counters', () => {
  it.each([
    ['the same values', {}, [], false],
    ['a later clock', { clock: '5001' }, [], false],
    ['an earlier clock', { clock: '4999' }, ['clock'], false],
    ['an earlier clock that is not safe', { clock: '1', safe: false }, [], false],
    ['a clock of more digits', { clock: '10000' }, [], false],
    ['a restart', { restart_count: 2, clock: '1' }, [], false],
    ['a restart count that fell', { restart_count: 0 }, ['restart_count'], false],
    ['a reboot', { reset_count: 4, clock: '1' }, [], true],
    ['a reboot, which sets the restart count to 0', { reset_count: 4, restart_count: 0, clock: '1' }, [], true],
    ['a reset count that fell', { reset_count: 2, clock: '6000' }, ['reset_count'], false],
    ['a cleared TPM', { reset_count: 0, restart_count: 0, clock: '1' }, ['reset_count'], false],
  ] as const)('judge %s', (_name, changes, failed, reboot) => {
    expect(judge(changes)).toMatchObject({ failed, reboot });
  });

  it('accept the first quote of a node', () => {
    expect(judge({}, null)).toStrictEqual({ failed: [], reboot: false, record: last });
  });

  it('leave the record alone when they fell back', () => {
    expect(judge({ clock: '4999' }).record).toBeNull();
  });

  it('keep the highest clock of a pair', () => {
    expect(judge({ clock: '1', safe: false }).record).toStrictEqual({ ...last, safe: false });
    expect(judge({ clock: '1', reset_count: 4 }).record).toStrictEqual({ ...last, clock: '1', reset_count: 4 });
  });

  it('never let the record fall back, whatever is quoted in whatever order', () => {
    const counters = fc.record({
      clock: fc.bigInt(0n, 5n).map(String),
      reset_count: fc.nat(3),
      restart_count: fc.nat(3),
      safe: fc.boolean(),
    });
    const key = (c: Counters) => c.reset_count * 100 + c.restart_count * 10 + Number(c.clock);
    fc.assert(
      fc.property(fc.array(counters, { maxLength: 20 }), (quotes) => {
        let kept: Counters | null = null;
        for (const quoted of quotes) {
          const { record, reboot } = judgeCounters(kept, quoted);
          if (record === null) continue;
          if (kept !== null) expect(key(record)).toBeGreaterThanOrEqual(key(kept));
          expect(reboot).toBe(kept !== null && record.reset_count > kept.reset_count);
          kept = record;
        }
      }),
    );
  });

  it.each([
    ['an earlier clock', { clock: '4999' }, true],
    ['the same clock', {}, false],
    ['an earlier clock that is not safe', { clock: '1', safe: false }, false],
    ['an earlier start with a later clock', { restart_count: 0, clock: '9000' }, true],
    ['an earlier boot with more restarts', { reset_count: 2, restart_count: 7 }, true],
    ['a reboot', { reset_count: 4, clock: '1' }, false],
  ] as const)('tell the order of two quotes by %s', (_name, changes, older) => {
    expect(isOlder({ ...last, ...changes }, last)).toBe(older);
    expect(isOlder({ ...last, ...changes }, null)).toBe(false);
  });
});
