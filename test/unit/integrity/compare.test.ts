import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileRecord } from '../../../domain/integrity/baseline.ts';
import { compareBaseline, observedDigest } from '../../../domain/integrity/compare.ts';
import { sha256 } from '../../../db/write/change.ts';
import { integrityEvidence, MAX_LISTED_DIFFERENCES } from '../../../domain/integrity/evidence.ts';
import { integrityState } from '../../../domain/integrity/state.ts';
import type { BaselineStanding } from '../../../domain/integrity/state.ts';

const facts = { sha256: '00'.repeat(32), size: 3, mode: 0o100644 };
const file = (path: string, changes: Partial<FileRecord> = {}): FileRecord => ({ path, ...facts, ...changes });
const baseline = { baseline: 'protected', version: 4, root: 'protected', files: [file('a'), file('b'), file('c')] };

describe('comparing files with their baseline', () => {
  it('finds nothing when they are the same, in whatever order they were seen', () => {
    expect(compareBaseline(baseline, baseline.files.toReversed())).toStrictEqual([]);
  });

  it('finds what changed, is missing and was added', () => {
    const other = { sha256: '11'.repeat(32) };
    expect(compareBaseline(baseline, [file('aa'), file('b', other), file('c')])).toStrictEqual([
      { path: 'a', kind: 'missing', expected: facts },
      { path: 'aa', kind: 'added', actual: facts },
      { path: 'b', kind: 'changed', expected: facts, actual: { ...facts, ...other } },
    ]);
  });

  it.each([{ sha256: '11'.repeat(32) }, { size: 4 }, { mode: 0o100755 }, { mode: 0o120644 }])(
    'finds a change of %o',
    (change) => {
      expect(compareBaseline(baseline, [file('a', change), file('b'), file('c')])).toMatchObject([
        { path: 'a', kind: 'changed' },
      ]);
    },
  );

  it('finds a path that was seen twice', () => {
    expect(compareBaseline(baseline, [...baseline.files, file('b')])).toMatchObject([{ path: 'b', kind: 'added' }]);
  });

  it('finds a difference exactly when there is one', () => {
    const files = fc.uniqueArray(
      fc.record({ path: fc.constantFrom('a', 'b', 'c', 'd'), ...Object.fromEntries([['size', fc.nat(2)]]) }),
      { selector: (f) => f.path },
    );
    const full = (list: object[]) =>
      list.map((f) => ({ ...facts, ...f }) as FileRecord).sort((x, y) => (x.path < y.path ? -1 : 1));
    fc.assert(
      fc.property(files, files, (left, right) => {
        const [expected, seen] = [full(left), full(right)];
        const clean = compareBaseline({ files: expected }, seen).length === 0;
        expect(clean).toBe(JSON.stringify(expected) === JSON.stringify(seen));
      }),
    );
  });
});

describe('the digest of what was observed', () => {
  const digest = (files: FileRecord[], name = 'protected') => observedDigest(name, files, sha256);

  it('is the same in whatever order the files were seen', () => {
    expect(digest(baseline.files.toReversed())).toBe(digest(baseline.files));
  });

  it.each([{ path: 'd' }, { sha256: '11'.repeat(32) }, { size: 4 }, { mode: 0o100755 }])(
    'is another for %o',
    (change) => {
      expect(digest([file('a'), file('b', change)])).not.toBe(digest([file('a'), file('b')]));
      expect(digest([file('a')])).not.toBe(digest([file('a')], 'other'));
    },
  );
});

describe('evidence of an integrity violation', () => {
  it('S4-21 names paths and mismatched hashes', () => {
    const differences = compareBaseline(baseline, [file('a', { size: 4 }), file('b')]);
    expect(integrityEvidence(baseline, differences)).toStrictEqual({
      baseline: 'protected',
      baseline_version: 4,
      root: 'protected',
      differences_total: 2,
      differences: [
        {
          path: 'a',
          kind: 'changed',
          expected: `sha256:${'00'.repeat(32)} 3 bytes mode 100644`,
          actual: `sha256:${'00'.repeat(32)} 4 bytes mode 100644`,
        },
        { path: 'c', kind: 'missing', expected: `sha256:${'00'.repeat(32)} 3 bytes mode 100644` },
      ],
    });
  });

  it('is bounded and still says how many there were', () => {
    const observed = Array.from({ length: 500 }, (_, i) => file(`${'€'.repeat(1000)}${i}`));
    const evidence = integrityEvidence(baseline, compareBaseline(baseline, observed));
    expect(evidence.differences_total).toBe(503);
    expect(evidence.differences).toHaveLength(MAX_LISTED_DIFFERENCES);
    expect(new TextEncoder().encode(JSON.stringify(evidence)).length).toBeLessThan(60 * 1024);
  });
});

describe('the integrity state', () => {
  const passed: BaselineStanding = {
    last_passed: true,
    last_pass_at: '2026-03-14T12:00:00.000Z',
    missed_checks: 0,
    check_pending: false,
  };
  const state = (baselines: Partial<BaselineStanding>[], open_incidents = 0, max_age_ms = Infinity) =>
    integrityState({
      baselines: baselines.map((b) => ({ ...passed, ...b })),
      open_incidents,
      now: '2026-03-14T12:01:00.000Z',
      max_age_ms,
    });

  it('S4-37 is trusted when every check passed and no latched incident is open', () => {
    expect(state([{}, {}])).toBe('trusted');
  });

  it('is unknown without a baseline, before the first check, and after missed or outdated ones', () => {
    expect(state([])).toBe('unknown');
    expect(state([{}, { last_passed: null, last_pass_at: null }])).toBe('unknown');
    expect(state([{ missed_checks: 2 }])).toBe('unknown');
    expect(state([{}], 0, 59_999)).toBe('unknown');
  });

  it('is degraded while a latched incident is open or the last check failed', () => {
    expect(state([{}], 1)).toBe('degraded');
    expect(state([{ last_passed: false }, { last_passed: null }])).toBe('degraded');
  });
});
