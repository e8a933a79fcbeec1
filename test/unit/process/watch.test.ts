import { describe, expect, it } from 'vitest';
import { passCountsForMs } from '../../../domain/attestation/state.ts';
import { aggregateOf, isWatch, PROCESS_TYPES, workflowIdOf } from '../../../domain/process/types.ts';
import { checkIntervalMs, nextLookMs } from '../../../domain/process/watch.ts';

describe('the pace of a watch', () => {
  it.each([
    ['a look that saw something', { awaited: false, missed: 0 }, 30_000],
    ['a miss of what is known', { awaited: false, missed: 1 }, 30_000],
    ['a miss while nothing is known yet', { awaited: true, missed: 1 }, 2_000],
    ['the tenth of them', { awaited: true, missed: 10 }, 2_000],
    ['a host that does not come', { awaited: true, missed: 11 }, 30_000],
  ])('after %s', (_what, seen, pause) => {
    expect(nextLookMs(30_000, seen)).toBe(pause);
  });

  it('is never slower for waiting, and files are looked at half as often', () => {
    expect(nextLookMs(1_000, { awaited: true, missed: 1 })).toBe(1_000);
    expect(checkIntervalMs(30_000)).toBe(60_000);
  });

  it('says for how long a pass speaks: two looks may fail to come', () => {
    expect(passCountsForMs(30_000)).toBe(120_000);
  });
});

it('a watch is named by what it watches', () => {
  expect(PROCESS_TYPES.filter(isWatch)).toEqual(['attestationWatch', 'integrityWatch']);
  expect(workflowIdOf('attestationWatch', 'local')).toBe('attestation/local');
  expect(aggregateOf('attestationWatch', 'local')).toBe('node/local');
  expect(workflowIdOf('integrityWatch', 'protected')).toBe('integrity/protected');
  expect(aggregateOf('integrityWatch', 'protected')).toBe('baseline/protected');
});
