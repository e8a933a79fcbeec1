import { describe, expect, it } from 'vitest';
import { waitPreference } from '../../../api/prefer-wait.ts';

describe('Prefer: wait', () => {
  it.each([
    [undefined, undefined],
    ['wait=5', 5],
    ['respond-async, wait=10', 10],
    ['wait = 3; x=y', 3],
    ['WAIT="7"', 7],
    ['wait=0', 0],
    ['wait=600', 60],
    [['return=minimal', 'wait=4'], 4],
    ['wait', undefined],
    ['wait=soon', undefined],
    ['await=5', undefined],
    ['wait=-1', undefined],
  ])('%j is %j seconds', (header, seconds) => {
    expect(waitPreference(header)).toBe(seconds);
  });
});
