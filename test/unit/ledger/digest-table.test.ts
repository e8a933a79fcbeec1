import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DigestTable, UNSET } from '../../../domain/ledger/digest-table.ts';
import { reusing } from './naive-tree.ts';

describe('a table of digests', () => {
  it('keeps what a map keeps, however it grows', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ maxLength: 3 }), fc.nat(1e12)), { maxLength: 3000 }), (puts) => {
        const table = new DigestTable(reusing());
        const map = new Map<string, number>();
        for (const [name, value] of puts) {
          table.set(table.put(name), 1, value);
          map.set(name, value);
        }
        expect(table.size).toBe(map.size);
        for (const [name, value] of map) {
          const row = table.find(name);
          expect([table.get(row, 0), table.get(row, 1)]).toEqual([UNSET, value]);
          expect(table.findKey(table.keyOf(row))).toBe(row);
        }
        expect(table.find('not one of these')).toBe(-1);
      }),
      { numRuns: 20 },
    );
  });

  it('tells bytes apart by their first sixteen', () => {
    const table = new DigestTable(reusing());
    const rows = Array.from({ length: 2000 }, (_, n) => table.put(String(n)));
    const bytes = (n: number) => new Uint8Array(32).fill(n % 251);
    rows.forEach((row, n) => table.setBytes(row, bytes(n)));
    rows.forEach((row, n) =>
      expect([table.hasBytes(row, bytes(n)), table.hasBytes(row, bytes(n + 1))]).toEqual([true, false]),
    );
  });
});
