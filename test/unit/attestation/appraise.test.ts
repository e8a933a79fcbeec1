import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appraise, failedClaims } from '../../../domain/attestation/appraise.ts';
import type { AppraisalPolicy } from '../../../domain/attestation/appraise.ts';
import { REQUIRED_CLAIMS } from '../../../domain/attestation/claim.ts';
import { verifyP256Native } from '../../../db/attestation/context.ts';
import { attestationDiff, quotedDigest } from '../../../domain/attestation/pcr-claims.ts';
import { fromHex, toHex } from '../../../domain/canonical/hash.ts';
import { attestBytes, evidenceOf, hash, nameHex, PCRS, policyOf, publicBytes, signatureBytes } from './builders.ts';
import vector from './vectors/swtpm-quote.json' with { type: 'json' };

const failures = (evidence: unknown, policy: AppraisalPolicy = policyOf()): string[] => {
  const result = appraise(evidence, policy);
  expect(result.passed).toBe(failedClaims(result).length === 0);
  return failedClaims(result).map((c) => c.claim);
};

const swtpmPolicy: AppraisalPolicy = policyOf({
  nonce: vector.nonce,
  node: {
    node: 'swtpm',
    state: 'enrolled',
    ak_public: vector.ak_public,
    ak_name: vector.ak_name,
    ek_trust: 'simulated',
    counters: null,
  },
  reference: {
    node: 'swtpm',
    version: 1,
    pcrs: Object.fromEntries(vector.pcrs.map((p) => [String(p.index), [p.digest]])),
    firmware_versions: [vector.expected.firmware_version],
  },
});
const swtpmEvidence = { node: 'swtpm', attest: vector.attest, signature: vector.signature, pcrs: vector.pcrs };

function flipped(hex: string, bit: number): string {
  const bytes = fromHex(hex).slice();
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return toHex(bytes);
}

describe('appraisal', () => {
  it('passes a quote of a real TPM', () => {
    const result = appraise(swtpmEvidence, swtpmPolicy);
    expect(failedClaims(result)).toStrictEqual([]);
    expect(result).toMatchObject({ passed: true, simulated: true, reboot: false, reference_version: 1 });
    expect(result.counters).toStrictEqual({ clock: '885', reset_count: 2, restart_count: 0, safe: true });
    expect(appraise(swtpmEvidence, { ...swtpmPolicy, verify_p256: verifyP256Native }).passed).toBe(true);
  });

  it('passes a constructed quote and makes every required claim', () => {
    const result = appraise(evidenceOf(), policyOf());
    expect(result.passed).toBe(true);
    expect(result.claims.map((c) => c.claim)).toStrictEqual([
      ...REQUIRED_CLAIMS.slice(0, 8),
      'pcr_0',
      'pcr_7',
      'pcr_23',
      ...REQUIRED_CLAIMS.slice(8),
    ]);
    expect(JSON.parse(JSON.stringify(result))).toStrictEqual(result);
  });

  it('accepts a signature with a high s', () => {
    const attest = attestBytes();
    expect(failures({ ...evidenceOf(), signature: toHex(signatureBytes(attest, { highS: true })) })).toStrictEqual([]);
  });

  it('refuses every single flipped bit of attest, signature, PCR values and nonce of a real quote', () => {
    const policy = { ...swtpmPolicy, verify_p256: verifyP256Native };
    const passes = (evidence: unknown, nonce = vector.nonce): boolean =>
      appraise(evidence, { ...policy, nonce }).passed;
    const bits = (hex: string): number[] => Array.from({ length: hex.length * 4 }, (_, i) => i);
    for (const bit of bits(vector.attest)) {
      expect(passes({ ...swtpmEvidence, attest: flipped(vector.attest, bit) })).toBe(false);
    }
    for (const bit of bits(vector.signature)) {
      expect(passes({ ...swtpmEvidence, signature: flipped(vector.signature, bit) })).toBe(false);
    }
    for (const bit of bits(vector.nonce)) expect(passes(swtpmEvidence, flipped(vector.nonce, bit))).toBe(false);
    for (const [i, { digest }] of vector.pcrs.entries()) {
      for (const bit of bits(digest)) {
        const pcrs = vector.pcrs.with(i, { ...vector.pcrs[i]!, digest: flipped(digest, bit) });
        expect(passes({ ...swtpmEvidence, pcrs })).toBe(false);
      }
    }
  });

  it('refuses flipped bits of a constructed quote with the default verifier', () => {
    const evidence = evidenceOf();
    fc.assert(
      fc.property(fc.constantFrom('attest', 'signature'), fc.nat(), (field, n) => {
        const edited = { ...evidence, [field]: flipped(evidence[field], n % (evidence[field].length * 4)) };
        expect(appraise(edited, policyOf()).passed).toBe(false);
      }),
    );
  });

  it('answers evidence of any shape with a failed claim', () => {
    fc.assert(
      fc.property(fc.anything(), (evidence) => {
        expect(failures(evidence)).toContain('evidence_parses');
      }),
    );
    expect(failures({ ...evidenceOf(), extra: 1 })).toStrictEqual(['evidence_parses']);
    expect(failures({ ...evidenceOf(), attest: evidenceOf().attest.toUpperCase() })).toStrictEqual(['evidence_parses']);
    expect(failures(evidenceOf({ magic: 1 }))).toStrictEqual(['evidence_parses', 'magic_type']);
    expect(failures(evidenceOf({ type: 0x8014 }))).toStrictEqual(['evidence_parses', 'magic_type']);
  });

  it.each([
    ['another nonce', { nonce: '5a'.repeat(32) }, ['nonce']],
    ['an empty nonce', { nonce: '' }, ['nonce']],
    ['an unknown environment', { environment: 'staging' as 'embedded' }, ['hardware_root']],
    ['production', { environment: 'production' as const }, ['hardware_root']],
    ['no reference values', { reference: null }, ['pcr_selection', 'pcr_0', 'pcr_7', 'pcr_23', 'firmware_version']],
  ])('fails under %s', (_name, changes, claims) => {
    expect(failures(evidenceOf(), policyOf(changes))).toStrictEqual(claims);
  });

  it('fails with a nonce too short to be fresh, even when quoted', () => {
    expect(failures(evidenceOf({ nonce: 'a5' }), policyOf({ nonce: 'a5' }))).toStrictEqual(['nonce']);
  });

  it('passes in production with a hardware root only', () => {
    const { node } = policyOf();
    const hardware = policyOf({ environment: 'production', node: { ...node, ek_trust: 'hardware' } });
    expect(appraise(evidenceOf(), hardware)).toMatchObject({ passed: true, simulated: false });
  });

  it('fails for a retired node, another node, a key of another Name, and a claimed other Name', () => {
    const { node } = policyOf();
    const other = nameHex(publicBytes({ attributes: 0x00050032 }));
    expect(failures(evidenceOf(), policyOf({ node: { ...node, state: 'retired' } }))).toStrictEqual(['ak_enrolled']);
    expect(failures({ ...evidenceOf(), node: 'node-b' })).toStrictEqual(['ak_enrolled']);
    expect(failures(evidenceOf(), policyOf({ node: { ...node, ak_name: other } }))).toStrictEqual(['ak_enrolled']);
    expect(failures({ ...evidenceOf(), ak_name: other })).toStrictEqual(['ak_enrolled']);
  });

  it('fails for a key that is no attestation key, and for one that cannot be read', () => {
    const { node } = policyOf();
    const free = publicBytes({ attributes: 0x00040072 });
    const unrestricted = { ...node, ak_public: toHex(free), ak_name: nameHex(free) };
    expect(failures(evidenceOf(), policyOf({ node: unrestricted }))).toStrictEqual(['ak_attributes']);
    const unreadable = { ...node, ak_public: 'zz' };
    expect(failures(evidenceOf(), policyOf({ node: unreadable }))).toStrictEqual([
      'ak_enrolled',
      'ak_attributes',
      'signature',
    ]);
  });

  it('fails for a signature by another key or of another quote, and when the verifier throws', () => {
    const attest = attestBytes();
    const stranger = toHex(signatureBytes(attest, { secret: hash(attest) }));
    expect(failures({ ...evidenceOf(), signature: stranger })).toStrictEqual(['signature']);
    expect(failures({ ...evidenceOf(), signature: evidenceOf({ clock: 1n }).signature })).toStrictEqual(['signature']);
    const broken = () => {
      throw new Error('broken');
    };
    expect(failures(evidenceOf(), policyOf({ verify_p256: broken }))).toStrictEqual(['signature']);
  });

  it('says which PCR differs, with what was expected and found', () => {
    const pcrs = PCRS.with(2, { index: 23, digest: 'ee'.repeat(32) });
    const result = appraise(evidenceOf({ pcrs }), policyOf());
    expect(failedClaims(result)).toStrictEqual([
      { claim: 'pcr_23', ok: false, expected: PCRS[2]!.digest, actual: 'ee'.repeat(32) },
    ]);
    expect(attestationDiff(policyOf().reference, pcrs).filter((d) => !d.match)).toStrictEqual([
      { pcr: 23, reference: [PCRS[2]!.digest], quoted: 'ee'.repeat(32), match: false },
    ]);
  });

  it('has one digest for what was quoted, in any order, and another for any other value or node', () => {
    const digest = (pcrs: typeof PCRS, node = 'local') => quotedDigest(node, pcrs, hash);
    expect(digest(PCRS.toReversed())).toBe(digest(PCRS));
    for (const [i] of PCRS.entries()) {
      expect(digest(PCRS.with(i, { ...PCRS[i]!, digest: 'ee'.repeat(32) }))).not.toBe(digest(PCRS));
      expect(digest(PCRS.toSpliced(i, 1))).not.toBe(digest(PCRS));
    }
    expect(digest(PCRS, 'other')).not.toBe(digest(PCRS));
  });

  it('passes any of several reference values of a PCR', () => {
    const { reference } = policyOf();
    const pcrs = { ...reference!.pcrs, 7: ['ee'.repeat(32), PCRS[1]!.digest] };
    expect(failures(evidenceOf(), policyOf({ reference: { ...reference!, pcrs } }))).toStrictEqual([]);
  });

  it('fails when a referenced PCR is not quoted, or a quoted one has no reference', () => {
    expect(failures(evidenceOf({ pcrs: PCRS.slice(0, 2) }))).toStrictEqual(['pcr_selection', 'pcr_23']);
    const { reference } = policyOf();
    const pcrs = Object.fromEntries(Object.entries(reference!.pcrs).slice(0, 2));
    expect(failures(evidenceOf(), policyOf({ reference: { ...reference!, pcrs } }))).toStrictEqual([
      'pcr_selection',
      'pcr_23',
    ]);
  });

  it('fails when the values shown are not the ones quoted', () => {
    const evidence = evidenceOf({ pcrDigest: 'ab'.repeat(32) });
    expect(failures(evidence)).toStrictEqual(['pcr_digest']);
    const twice = [...PCRS, PCRS[2]!];
    expect(failures({ ...evidenceOf(), pcrs: twice })).toStrictEqual(['pcr_selection', 'pcr_digest']);
    expect(failures({ ...evidenceOf(), pcrs: [] })).toStrictEqual([
      'pcr_selection',
      'pcr_digest',
      'pcr_0',
      'pcr_7',
      'pcr_23',
    ]);
  });

  it('fails when other PCRs were quoted that happen to hold the referenced values', () => {
    const resettable = PCRS.with(2, { index: 16, digest: PCRS[2]!.digest });
    expect(failures({ ...evidenceOf({ pcrs: resettable }), pcrs: PCRS })).toStrictEqual(['pcr_selection']);
  });

  it('does not depend on the order in which values are shown', () => {
    expect(failures({ ...evidenceOf(), pcrs: PCRS.toReversed() })).toStrictEqual([]);
  });

  it('fails for another firmware and for reference values of another node', () => {
    expect(failures(evidenceOf({ firmware: 1n }))).toStrictEqual(['firmware_version']);
    const { reference } = policyOf();
    const result = appraise(evidenceOf(), policyOf({ reference: { ...reference!, node: 'node-b' } }));
    expect(result).toMatchObject({ passed: false, reference_version: null });
  });

  it('keeps counters of a quote that is not authentic out of the record', () => {
    const forged = { ...evidenceOf({ resetCount: 4_000_000_000 }), signature: evidenceOf().signature };
    expect(appraise(forged, policyOf())).toMatchObject({ passed: false, reboot: false, counters: null });
    const replayed = appraise(evidenceOf({ nonce: '5a'.repeat(32) }), policyOf());
    expect(replayed.counters).toBeNull();
  });

  it('records the counters of an authentic quote that fails on its PCRs', () => {
    const pcrs = PCRS.with(0, { index: 0, digest: 'ee'.repeat(32) });
    const result = appraise(evidenceOf({ pcrs, resetCount: 8 }), policyOf());
    expect(result).toMatchObject({ passed: false, reboot: true, counters: { reset_count: 8 } });
  });
});
