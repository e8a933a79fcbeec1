// An appraisal is a list of named claims; it passes when every claim it must make was made and holds.

/** Claims every appraisal must make; `pcr_<n>` are added, one for each PCR quoted or referenced. */
export const REQUIRED_CLAIMS = [
  'evidence_parses',
  'magic_type',
  'nonce',
  'ak_enrolled',
  'ak_attributes',
  'signature',
  'pcr_selection',
  'pcr_digest',
  'firmware_version',
  'reset_count',
  'restart_count',
  'clock',
  'hardware_root',
] as const;
/** Beyond them: those of PCRs, and of a counter that the TPM says. */
export type ClaimName = (typeof REQUIRED_CLAIMS)[number] | `pcr_${number}` | 'counter_index' | 'counter_value';

export interface Claim {
  claim: ClaimName;
  ok: boolean;
  expected?: string;
  actual?: string;
}

/** A claim that shows what was expected and found only when it does not hold. */
export function claim(name: ClaimName, ok: boolean, expected: string, actual: string): Claim {
  return ok ? { claim: name, ok } : { claim: name, ok, expected, actual };
}

/** Whether the claims amount to a pass: none failed and none of the required ones is absent. */
export function allHold(claims: readonly Claim[]): boolean {
  return claims.every((c) => c.ok) && REQUIRED_CLAIMS.every((name) => claims.some((c) => c.claim === name));
}
