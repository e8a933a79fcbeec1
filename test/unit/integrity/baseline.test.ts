import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import {
  approveBaseline,
  baselineDigest,
  firstBaseline,
  isNormalizedPath,
  parseBaseline,
} from '../../../domain/integrity/baseline.ts';
import type { FileRecord } from '../../../domain/integrity/baseline.ts';
import { IntegrityError } from '../../../domain/integrity/error.ts';

const file = (path: string, fill = '00'): FileRecord => ({ path, sha256: fill.repeat(32), size: 3, mode: 0o100644 });
const approval = { by: 'sec@org', reason: 'new model', ticket: 'CHG-9', now: '2026-03-15T08:00:00.000Z' };
const current = firstBaseline(
  { baseline: 'protected', root: 'protected' },
  [file('b'), file('a/c'), file('B')],
  approval,
);
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof IntegrityError) return error.code;
  }
  return 'accepted';
};
const parsed = (edit: object): string => codeOf(() => parseBaseline({ ...current, ...edit }));

describe('an integrity baseline', () => {
  it('is sorted by path and starts at version 1', () => {
    expect(current.version).toBe(1);
    expect(current.files.map((f) => f.path)).toStrictEqual(['B', 'a/c', 'b']);
    expect(parseBaseline(structuredClone(current))).toStrictEqual(current);
  });

  it.each(['', '/etc/passwd', '../x', 'a/../b', 'a/..', './a', 'a/./b', 'a//b', 'a/', '.', 'a\0b', '\ud800'])(
    'refuses the path %j',
    (path) => {
      expect(isNormalizedPath(path)).toBe(false);
      expect(parsed({ files: [file(path)] })).toBe('baseline_invalid');
    },
  );

  it.each(['a', 'a/b.c', '.hidden', '..a/b', 'ä ö'])('takes the path %j', (path) => {
    expect(parsed({ files: [file(path)] })).toBe('accepted');
  });

  it('is refused with repeats, out of order, empty, or with unknown or malformed fields', () => {
    for (const edit of [
      { files: [file('a'), file('a')] },
      { files: [file('b'), file('a')] },
      { files: [] },
      { files: [{ ...file('a'), owner: 0 }] },
      { files: [{ ...file('a'), size: -1 }] },
      { files: [{ ...file('a'), sha256: 'AA'.repeat(32) }] },
      { files: [{ ...file('a'), mode: 0o200000 }] },
      { version: 0 },
      { baseline: '../protected' },
      { extra: true },
    ]) {
      expect(parsed(edit)).toBe('baseline_invalid');
    }
  });

  it('gets a next version from what was observed', () => {
    const next = approveBaseline(current, { ...approval, observed: [file('z'), file('a')] });
    expect(next).toMatchObject({ baseline: 'protected', version: 2, approved: { by: 'sec@org', ticket: 'CHG-9' } });
    expect(next.files.map((f) => f.path)).toStrictEqual(['a', 'z']);
  });

  it('changes only with a ticket or an open incident', () => {
    const input = { ...approval, ticket: null, observed: [file('a')] };
    expect(codeOf(() => approveBaseline(current, input))).toBe('approval_unjustified');
    expect(approveBaseline(current, { ...input, incident_id: 'INC-20260314-120000-0001' }).version).toBe(2);
    expect(codeOf(() => approveBaseline(current, { ...input, ticket: 'CHG-1', observed: [] }))).toBe(
      'baseline_invalid',
    );
  });

  it('has a digest over every field', () => {
    const digest = (edit: object) => baselineDigest(parseBaseline({ ...current, ...edit }), sha256);
    const others = [{ version: 2 }, { root: 'other' }, { files: [file('a')] }, { baseline: 'other' }].map(digest);
    expect(new Set([digest({}), ...others]).size).toBe(5);
  });
});
