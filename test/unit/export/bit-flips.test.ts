import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { archiveLayout } from '../../../domain/export/archive.ts';
import { bytesOf, exportOf, FILES, verdictOf } from './builder.ts';

describe('an export of which one bit was changed', () => {
  it('is not verified, and what is wrong is found where the bit was, in 1,000 random places', async () => {
    const { content } = await exportOf();
    const bytes = bytesOf(content, FILES);
    const { segments } = archiveLayout(content);
    const place = fc.nat({ max: bytes.length - 1 });
    await fc.assert(
      fc.asyncProperty(place, fc.nat({ max: 7 }), async (at, bit) => {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        const { problems } = await verdictOf(flipped);
        const index = segments.findIndex((s) => s.at <= at && at < s.at + s.size);
        const segment = segments[index];
        const near = problems.filter((problem) => problem.member === segment?.path);
        expect(near.length, `${at} ${segment?.path}: ${JSON.stringify(problems)}`).toBeGreaterThan(0);
        // Nothing else is accused but what the place makes unreadable, which the first problem precedes.
        expect(problems[0]?.member, JSON.stringify(problems)).toBe(segment?.path);
        expect(near.some((p) => p.at <= at && p.at >= (segment?.at ?? 0) - 512)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  }, 180_000);
});
