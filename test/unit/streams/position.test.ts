import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  endOf,
  entryId,
  idBefore,
  isBefore,
  LOG_START,
  placeBehind,
  segmentsBetween,
} from '../../../domain/ledger/position.ts';

const EPOCHS = [
  { epoch: 1, size: 10 },
  { epoch: 2, size: 0 },
  { epoch: 4, size: 5 },
];

describe('places in the log', () => {
  it('an id leads to the place behind its entry, and nothing else is an id', () => {
    expect(placeBehind('1-0')).toEqual({ epoch: 1, index: 1 });
    expect(placeBehind('start')).toEqual(LOG_START);
    for (const id of [
      '',
      '1',
      '0-1',
      '01-1',
      '1-01',
      '-1-1',
      '1--1',
      '1-1 ',
      ' 1-1',
      '1-1.5',
      '1e3-1',
      `1-${'9'.repeat(16)}`,
    ])
      expect(placeBehind(id), id).toBeUndefined();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e8 }), fc.nat(1e12), (epoch, index) => {
        const place = placeBehind(entryId(epoch, index));
        expect(place).toEqual({ epoch, index: index + 1 });
        expect(idBefore({ epoch, index: index + 1 })).toBe(entryId(epoch, index));
      }),
    );
    expect(idBefore(LOG_START)).toBe('start');
  });

  it('what lies between two places is read by epoch, then by index', () => {
    const end = endOf(EPOCHS);
    expect(end).toEqual({ epoch: 4, index: 5 });
    expect(endOf([])).toEqual(LOG_START);
    expect(segmentsBetween(LOG_START, end, EPOCHS)).toEqual([
      { epoch: 1, from: 0, below: 10 },
      { epoch: 4, from: 0, below: 5 },
    ]);
    expect(segmentsBetween({ epoch: 1, index: 3 }, { epoch: 1, index: 7 }, EPOCHS)).toEqual([
      { epoch: 1, from: 3, below: 7 },
    ]);
    // What an epoch lost is not looked for in the next.
    expect(segmentsBetween({ epoch: 1, index: 99 }, end, EPOCHS)).toEqual([{ epoch: 4, from: 0, below: 5 }]);
    expect(segmentsBetween(end, end, EPOCHS)).toEqual([]);
    expect(segmentsBetween(end, LOG_START, EPOCHS)).toEqual([]);
    expect([isBefore({ epoch: 1, index: 99 }, { epoch: 2, index: 0 }), isBefore(end, end)]).toEqual([true, false]);
  });
});
