import { describe, expect, it } from 'vitest';
import { AttestationError } from '../../../domain/attestation/error.ts';
import {
  approveReference,
  firstReference,
  parseReferenceValues,
  referenceDigest,
} from '../../../domain/attestation/reference-values.ts';
import type { ReferenceValues } from '../../../domain/attestation/reference-values.ts';
import { hash } from './builders.ts';

const current: ReferenceValues = {
  node: 'node-a',
  version: 3,
  bank: 'sha256',
  pcrs: { '0': ['00'.repeat(32)], '23': ['11'.repeat(32), '22'.repeat(32)] },
  firmware_versions: ['2314885530818453536'],
  approved: { by: 'first start', reason: 'enrolment', ticket: null, incident_id: null, at: '2026-03-14T12:00:00.000Z' },
};
const approval = { by: 'sec@org', reason: 'firmware 1.2', ticket: 'CHG-7', now: '2026-03-15T08:00:00.000Z' };
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
  }
  return 'accepted';
};

describe('reference values', () => {
  it('are read strictly', () => {
    expect(parseReferenceValues(structuredClone(current))).toStrictEqual(current);
    for (const edit of [
      { extra: 1 },
      { version: 0 },
      { bank: 'sha1' },
      { pcrs: {} },
      { pcrs: { '24': ['00'.repeat(32)] } },
      { pcrs: { '00': ['00'.repeat(32)] } },
      { pcrs: { '0': [] } },
      { pcrs: { '0': ['AA'.repeat(32)] } },
      { pcrs: { '0': ['aa'.repeat(32), 'aa'.repeat(32)] } },
      { firmware_versions: [] },
      { firmware_versions: ['0x10'] },
      { firmware_versions: ['18446744073709551616'] },
      { approved: { ...current.approved, reason: ' ' } },
      { approved: { ...current.approved, at: 'now' } },
    ]) {
      expect(codeOf(() => parseReferenceValues({ ...current, ...edit }))).toBe('reference_invalid');
    }
  });

  it('start from what a node showed at its enrolment', () => {
    const shown = { node: 'node-a', pcrs: [{ index: 7, digest: '77'.repeat(32) }], firmware_version: '9' };
    const first = firstReference(shown, { ...approval, ticket: null });
    expect(first).toMatchObject({ version: 1, pcrs: { '7': ['77'.repeat(32)] }, firmware_versions: ['9'] });
    expect(codeOf(() => firstReference({ ...shown, pcrs: [] }, approval))).toBe('reference_invalid');
  });

  it('get a next version that replaces the value of one PCR', () => {
    const next = approveReference(current, { ...approval, pcr: 23, digest: '33'.repeat(32) });
    expect(next).toStrictEqual({
      ...current,
      version: 4,
      pcrs: { '0': ['00'.repeat(32)], '23': ['33'.repeat(32)] },
      approved: { by: 'sec@org', reason: 'firmware 1.2', ticket: 'CHG-7', incident_id: null, at: approval.now },
    });
    expect(current.version).toBe(3);
  });

  it('get a next version that replaces the firmware version', () => {
    expect(approveReference(current, { ...approval, firmware_version: '7' }).firmware_versions).toStrictEqual(['7']);
  });

  it('change only with a ticket or an open incident', () => {
    const change = { ...approval, pcr: 23, digest: '33'.repeat(32), ticket: null };
    expect(codeOf(() => approveReference(current, change))).toBe('approval_unjustified');
    expect(approveReference(current, { ...change, incident_id: 'INC-20260314-120000-0001' }).version).toBe(4);
    expect(codeOf(() => approveReference(current, { ...change, ticket: '' }))).toBe('reference_invalid');
  });

  it('take no PCR that was not referenced, and no malformed value', () => {
    const digest = '33'.repeat(32);
    expect(codeOf(() => approveReference(current, { ...approval, pcr: 5, digest }))).toBe('pcr_not_referenced');
    expect(codeOf(() => approveReference(current, { ...approval, pcr: 23, digest: 'zz' }))).toBe('reference_invalid');
    expect(codeOf(() => approveReference(current, { ...approval, reason: '', pcr: 23, digest }))).toBe(
      'reference_invalid',
    );
  });

  it('have a digest that does not depend on the order of keys', () => {
    const turned = Object.fromEntries(Object.entries(current).toReversed()) as ReferenceValues;
    expect(referenceDigest(turned, hash)).toBe(referenceDigest(current, hash));
    expect(referenceDigest({ ...current, version: 4 }, hash)).not.toBe(referenceDigest(current, hash));
  });
});
