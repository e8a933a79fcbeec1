import { describe, expect, it } from 'vitest';
import { parseContainmentPolicy, policyDigest, separatesResolver } from '../../../domain/containment/policy.ts';
import { POLICY, sha256 } from '../../support/incidents.ts';

describe('separation of duties', () => {
  const without = POLICY;

  it('is left out of a policy that does not name it, and of its digest', () => {
    const parsed = parseContainmentPolicy(JSON.parse(JSON.stringify(without)));
    expect(Object.keys(parsed)).not.toContain('separation_of_duties');
    expect(separatesResolver(parsed)).toBe(false);
    const named = parseContainmentPolicy({ ...without, separation_of_duties: { critical_ack_and_resolve: false } });
    expect(separatesResolver(named)).toBe(false);
    expect(policyDigest(named, sha256)).not.toBe(policyDigest(parsed, sha256));
    // The digest under which policies were stored before there was such a rule.
    expect(policyDigest(parsed, sha256)).toBe('d1716a1661f52ef114d405fb4d539cb23e3a1f190110476911d93be2b3fe6a0d');
  });

  it('is exact or refused', () => {
    for (const value of [
      true,
      {},
      { critical_ack_and_resolve: 'yes' },
      { critical_ack_and_resolve: true, more: 1 },
      null,
    ])
      expect(() => parseContainmentPolicy({ ...without, separation_of_duties: value })).toThrow();
    const asked = { ...without, separation_of_duties: { critical_ack_and_resolve: true } };
    expect(separatesResolver(parseContainmentPolicy(asked))).toBe(true);
  });
});
