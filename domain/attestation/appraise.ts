// Evidence is appraised against what was asked, enrolled and approved; whatever is unknown does not hold (RFC 9334, §8).
import type { Sha256 } from '../canonical/hash.ts';
import { fromHex } from './bytes.ts';
import { allHold, claim } from './claim.ts';
import type { Claim } from './claim.ts';
import { judgeCounters } from './counters.ts';
import { AttestationError } from './error.ts';
import { evidenceSchema } from './evidence.ts';
import type { Evidence } from './evidence.ts';
import { keyClaims, verifyP256 } from './key-claims.ts';
import type { EnrolledKey, VerifyP256 } from './key-claims.ts';
import { pcrClaims } from './pcr-claims.ts';
import type { ReferenceValues } from './reference-values.ts';
import { parseQuote } from './tpms-attest.ts';
import type { Counters, Quote } from './tpms-attest.ts';

export type Environment = 'embedded' | 'production';

export interface NodeRecord extends EnrolledKey {
  ek_trust: 'hardware' | 'simulated';
  counters: Counters | null;
}

/** `nonce` is the challenge's, 16 to 64 bytes in hex; without `reference` nothing passes. */
export interface AppraisalPolicy {
  nonce: string;
  node: NodeRecord;
  reference: Pick<ReferenceValues, 'node' | 'version' | 'pcrs' | 'firmware_versions'> | null;
  environment: Environment;
  sha256: Sha256;
  verify_p256?: VerifyP256;
}

/**
 * `reboot`: resetCount has grown. `counters`: to be recorded for the node, whether it passed or not; null when the quote
 * is not authentic or its counters fell back, and then the recorded ones stand.
 */
export interface AppraisalResult {
  passed: boolean;
  claims: Claim[];
  simulated: boolean;
  reboot: boolean;
  counters: Counters | null;
  reference_version: number | null;
}

const NONCE = /^(?:[0-9a-f]{2}){16,64}$/;

function read(evidence: unknown): { evidence: Evidence; quote: Quote } | Claim[] {
  const parsed = evidenceSchema.safeParse(evidence);
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join('.') || 'evidence';
    return [claim('evidence_parses', false, 'evidence of a quote', `malformed: ${path.slice(0, 128)}`)];
  }
  try {
    return { evidence: parsed.data, quote: parseQuote(fromHex(parsed.data.attest, 'attest')) };
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    const unread = claim('evidence_parses', false, 'TPMS_ATTEST of a quote', error.message);
    const header = error.code === 'magic_invalid' || error.code === 'type_unsupported';
    return header ? [unread, claim('magic_type', false, 'TPM_GENERATED TPM_ST_ATTEST_QUOTE', error.code)] : [unread];
  }
}

/** Only a fresh quote by the node's own key may move the node's counters. */
const isAuthentic = (claims: readonly Claim[]): boolean =>
  (['nonce', 'ak_enrolled', 'ak_attributes', 'signature'] as const).every((name) =>
    claims.some((c) => c.claim === name && c.ok),
  );

/**
 * Appraises one quote. Pure and total: evidence of any shape yields a result, never an exception.
 * `evidence` is {node, attest, signature, pcrs, ak_name?} as in `evidenceSchema`.
 */
export function appraise(evidence: unknown, policy: AppraisalPolicy): AppraisalResult {
  const { node, nonce, sha256 } = policy;
  const simulated = node.ek_trust !== 'hardware';
  const reference = policy.reference?.node === node.node ? policy.reference : null;
  const base = { simulated, reference_version: reference?.version ?? null };
  const subject = read(evidence);
  if (Array.isArray(subject)) return { ...base, passed: false, claims: subject, reboot: false, counters: null };

  const { quote } = subject;
  const firmware = reference?.firmware_versions ?? [];
  const counters = judgeCounters(node.counters, quote.counters);
  const claims: Claim[] = [
    { claim: 'evidence_parses', ok: true },
    { claim: 'magic_type', ok: true },
    claim('nonce', NONCE.test(nonce) && quote.nonce === nonce, nonce, quote.nonce),
    ...keyClaims(node, subject.evidence, sha256, policy.verify_p256 ?? verifyP256),
    ...pcrClaims(quote, subject.evidence.pcrs, reference, sha256),
    claim('firmware_version', firmware.includes(quote.firmware_version), firmware.join(' | '), quote.firmware_version),
    ...counters.claims,
    claim('hardware_root', !simulated || policy.environment === 'embedded', 'hardware', node.ek_trust),
  ];
  const authentic = isAuthentic(claims);
  return {
    ...base,
    passed: allHold(claims),
    claims,
    reboot: authentic && counters.reboot,
    counters: authentic ? counters.record : null,
  };
}

/** The claims that failed, as an operator and the API are told. */
export const failedClaims = (result: AppraisalResult): Claim[] => result.claims.filter((c) => !c.ok);
