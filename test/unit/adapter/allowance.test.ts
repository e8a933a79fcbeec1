import fc from 'fast-check';
import { expect, it } from 'vitest';
import { afterLine, fullAllowance, HEARD_PER_INTERVAL, INTERVAL_MS } from '../../../domain/adapter/allowance.ts';

it('in no interval more is heard than it allows, and nothing else is lost sight of', () => {
  const pauses = fc.array(fc.integer({ min: 0, max: INTERVAL_MS / 4 }), { maxLength: 300 });
  fc.assert(
    fc.property(pauses, (given) => {
      let now = 0;
      let allowance = fullAllowance(now);
      const heard: number[] = [];
      for (const pause of given) {
        now += pause;
        const after = afterLine(allowance, now);
        if (after.ignored_ever === allowance.ignored_ever) heard.push(now);
        allowance = after;
      }
      expect(heard.length + allowance.ignored_ever).toBe(given.length);
      // Two intervals may meet in the middle of any stretch of that length.
      for (const [i, at] of heard.entries())
        expect((heard[i + 2 * HEARD_PER_INTERVAL] ?? Infinity) - at).toBeGreaterThanOrEqual(INTERVAL_MS);
    }),
  );
});

it('one that keeps to it is always heard', () => {
  let allowance = fullAllowance(0);
  for (let n = 1; n <= 10 * HEARD_PER_INTERVAL; n += 1)
    allowance = afterLine(allowance, (n * INTERVAL_MS) / HEARD_PER_INTERVAL);
  expect(allowance.ignored_ever).toBe(0);
});
