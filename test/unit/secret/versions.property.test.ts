import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moved } from '../../../domain/secret/versions.ts';
import type { Move, SlotVersions } from '../../../domain/secret/versions.ts';

const version = fc.integer({ min: 1, max: 5 });
const optional = fc.option(version);
const versions: fc.Arbitrary<SlotVersions> = fc
  .record({ current: version, previous: optional, staged: optional })
  .filter(({ current, previous, staged }) => current !== previous && current !== staged);
const move: fc.Arbitrary<Move> = fc.oneof(
  fc
    .record({ kind: fc.constantFrom('cut_over' as const, 'put_back' as const), from: version, to: version })
    .filter(({ from, to }) => from !== to),
  fc.record({ kind: fc.constantFrom('withdraw' as const, 'destroy' as const), version }),
);

describe('the versions of a slot', () => {
  it('come to the same when a move is made twice', () => {
    fc.assert(
      fc.property(versions, move, (at, m) => {
        const once = moved(at, m);
        if (once !== null) expect(moved(once, m)).toEqual(once);
      }),
      { numRuns: 2000 },
    );
  });

  it('bring no version into force that neither waited nor was in force before, and destroy none that is', () => {
    fc.assert(
      fc.property(versions, move, (at, m) => {
        const next = moved(at, m);
        if (m.kind === 'destroy') expect(next === null).toBe(m.version === at.current);
        if (next === null || next.current === at.current) return;
        expect(m.kind === 'cut_over' ? at.staged : 'from' in m && m.from).toBe(next.current);
        expect(m.kind === 'cut_over' || m.kind === 'put_back').toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('leave nothing that counts beside the current one after it was withdrawn, destroyed or put back', () => {
    const at = { current: 2, previous: 1, staged: null };
    expect(moved(at, { kind: 'withdraw', version: 1 })).toEqual({ ...at, previous: null });
    expect(moved(at, { kind: 'destroy', version: 1 })).toEqual({ ...at, previous: null });
    expect(moved(at, { kind: 'put_back', from: 1, to: 2 })).toEqual({ current: 1, previous: null, staged: 2 });
    expect(moved(at, { kind: 'cut_over', from: 1, to: 3 })).toBeNull();
  });
});
