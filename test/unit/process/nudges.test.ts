import { describe, expect, it } from 'vitest';
import { dueNudge, nextNudge } from '../../../domain/process/nudges.ts';

const since = '2026-03-14T12:00:00.000Z';
const after = (hours: number): string => new Date(Date.parse(since) + hours * 3_600_000).toISOString();

describe('nudges of a ceremony that waits', () => {
  it('come at 4 h, at 24 h, and every 24 h from then on', () => {
    const table = [];
    let last: string | null = null;
    for (let i = 0; i < 5; i += 1) {
      const next = nextNudge(since, last, last ?? since);
      table.push([next.kind, (Date.parse(next.at) - Date.parse(since)) / 3_600_000]);
      last = next.at;
    }
    expect(table).toEqual([
      ['reminder', 4],
      ['page', 24],
      ['page', 48],
      ['page', 72],
      ['page', 96],
    ]);
  });

  it.each([
    [3.99, null, null],
    [4, null, 'reminder'],
    [23.9, after(4), null],
    [24, after(4), 'page'],
    [30, null, 'page'],
    [47, after(24), null],
    [48.5, after(24), 'page'],
  ])('at %d h after the last one at %s: %s', (hours, last, kind) => {
    expect(dueNudge(since, last, after(hours))?.kind ?? null).toBe(kind);
  });

  it('an outage of three days ends in one page, not in four', () => {
    const nudge = dueNudge(since, null, after(75));
    expect(nudge).toEqual({ n: 3, kind: 'page', at: after(72) });
    expect(dueNudge(since, after(75), after(76))).toBeNull();
    expect(nextNudge(since, after(75), after(76)).at).toBe(after(96));
  });

  it('a containment that changed starts counting anew', () => {
    expect(dueNudge(after(10), null, after(13))).toBeNull();
    expect(dueNudge(after(10), null, after(14))?.kind).toBe('reminder');
  });
});
