import { describe, expect, it } from 'vitest';
import { INTAKE_BUSY_PER_SECOND, Pace, ROWS_PER_SECOND } from '../../../workers/relay/pace.ts';

function pace() {
  const world = { now: 0, numbered: 0 };
  return {
    world,
    pace: new Pace(
      async () => world.numbered,
      () => world.now,
    ),
  };
}

describe('the pace of ordinary pokes', () => {
  it('knows no bound while intake is idle', async () => {
    const { world, pace: it } = pace();
    expect(await it.allowance()).toBe(Infinity);
    world.now += 1000;
    world.numbered += INTAKE_BUSY_PER_SECOND;
    expect(await it.allowance()).toBe(Infinity);
  });

  it('is 20 rows a second while intake has work, and unbounded again when it has none', async () => {
    const { world, pace: it } = pace();
    await it.allowance();
    let moved = 0;
    for (let tick = 0; tick < 100; tick += 1) {
      world.now += 100;
      world.numbered += 500;
      const rows = await it.allowance();
      if (rows === Infinity) continue;
      it.moved(rows);
      moved += rows;
    }
    expect(moved).toBeGreaterThanOrEqual(9 * ROWS_PER_SECOND);
    expect(moved).toBeLessThanOrEqual(11 * ROWS_PER_SECOND);
    world.now += 1000;
    expect(await it.allowance()).toBe(Infinity);
  });
});
