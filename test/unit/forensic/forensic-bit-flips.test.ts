import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verdictOf } from '../../support/forensic-verdict.ts';
import { bundleOf, draftOf, KEY, LOG_KEY, textOf } from './builder.ts';

const bundle = bundleOf(draftOf(2, 3));
const bytes = Buffer.from(textOf(bundle));

/** Each member, and where what stands before the next one ends, in bytes. */
const ends = Object.keys(bundle).map((name, i, names) => {
  const upTo = Object.fromEntries(names.slice(0, i + 1).map((each) => [each, bundle[each]]));
  return { name, end: Buffer.byteLength(textOf(upTo)) };
});
const memberAt = (place: number): string => ends.find(({ end }) => place < end)?.name ?? '';
/** A mark of the structure belongs to what stands before it as well. */
const membersAt = (place: number): string[] => [
  memberAt(place),
  ends[ends.findIndex(({ end }) => place < end) - 1]?.name ?? '',
];

const flipped = (place: number, bit: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[place] = copy[place]! ^ (1 << bit);
  return copy;
};

describe('ForensicBundle tampering', () => {
  it('S4-42 S4-43 every single-bit change in 200 random places is found, in the member it was made in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: bytes.length - 2 }), async (place) => {
        for (let bit = 0; bit < 8; bit += 1) {
          const { problems, respelled } = await verdictOf(flipped(place, bit), { forensicKeys: [KEY] });
          const what = `bit ${bit} of byte ${place} (${memberAt(place)})`;
          // The hexadecimal digit of an escape means the same in upper case: that nothing else is respelled is said too.
          if (respelled && problems.length === 0) expect(String.fromCharCode(bytes[place]!), what).toMatch(/[a-f]/);
          else {
            expect(problems.length, what).toBeGreaterThan(0);
            const near = membersAt(place);
            const places = problems.map(({ where }) => where.split(/[.:[]/)[0] ?? '');
            expect(
              near.some((name) => places.includes(name)),
              `${what}: ${places.join()}`,
            ).toBe(true);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('S4-42 a stranger finds it as well, with nothing but the key of the log', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: bytes.length - 1 }),
        fc.integer({ min: 0, max: 7 }),
        async (place, bit) => {
          const trust = { ledgerKeys: [LOG_KEY] };
          const { problems, respelled } = await verdictOf(flipped(place, bit), trust);
          // What only a holder of the forensic key can tell: its name, and its HMAC.
          if (['key_id', 'signature'].includes(memberAt(place))) return;
          expect(problems.length > 0 || respelled, `bit ${bit} of byte ${place}`).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});
