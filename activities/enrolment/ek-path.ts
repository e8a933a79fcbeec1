import { X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { EkTrust } from '../../domain/attestation/enrolment.ts';

/** A trust anchor for EK certificates, and intermediates that may be used on paths to it. */
export interface EkRoot {
  name: string;
  trust: EkTrust;
  anchor: X509Certificate;
  intermediates: readonly X509Certificate[];
}

export type EkPath =
  { ok: true; trust: EkTrust; root: string } | { ok: false; code: 'ek_untrusted' | 'ek_mismatch'; reason: string };

const LONGEST_PATH = 6;
/** tcg-kp-EKCertificate (TCG EK Credential Profile, 3.2.16): where key usages are named, this one must be. */
const EK_CERTIFICATE_USAGE = '2.23.133.8.1';

/**
 * Judges an EK certificate as of `now`, RFC 3339: it must be of the EK and lead to one of the roots (RFC 5280, 6.1:
 * signatures, names, validity and CA bits; what node:crypto does not show, name constraints and policies, is not judged).
 */
export function judgeEkPath(
  certificate: Uint8Array | null,
  ek: KeyObject,
  roots: readonly EkRoot[],
  now: string,
): EkPath {
  if (certificate === null) return untrusted('the TPM carries no EK certificate');
  const leaf = parse(certificate);
  if (leaf === null) return untrusted('the EK certificate is no X.509 certificate');
  if (!leaf.publicKey.equals(ek))
    return { ok: false, code: 'ek_mismatch', reason: 'the certificate is of another key' };
  if (leaf.ca || !isForEks(leaf)) return untrusted('the certificate is not for an EK');
  if (!isValidAt(leaf, now)) return untrusted('the EK certificate is not valid at this time');
  // A hardware root is looked for first: which of two paths is found must not decide what the EK is worth.
  const ordered = [...roots].sort((a, b) => a.trust.localeCompare(b.trust));
  const root = ordered.find((candidate) => leadsTo(leaf, candidate, now, LONGEST_PATH));
  return root === undefined
    ? untrusted('no path to a configured EK root')
    : { ok: true, trust: root.trust, root: root.name };
}

const untrusted = (reason: string): EkPath => ({ ok: false, code: 'ek_untrusted', reason });

function parse(der: Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(der);
  } catch {
    return null;
  }
}

function isForEks(certificate: X509Certificate): boolean {
  // Undefined where the certificate names no usages, which the types leave out.
  const { keyUsage } = certificate as { keyUsage: string[] | undefined };
  return keyUsage === undefined || keyUsage.includes(EK_CERTIFICATE_USAGE);
}

const isValidAt = (certificate: X509Certificate, now: string): boolean =>
  certificate.validFromDate.getTime() <= Date.parse(now) && Date.parse(now) <= certificate.validToDate.getTime();

function leadsTo(subject: X509Certificate, root: EkRoot, now: string, steps: number): boolean {
  if (isIssuedBy(subject, root.anchor, now)) return true;
  if (steps === 0) return false;
  return root.intermediates.some((issuer) => isIssuedBy(subject, issuer, now) && leadsTo(issuer, root, now, steps - 1));
}

/** A signature by an algorithm that OpenSSL does not do is none. */
function isIssuedBy(subject: X509Certificate, issuer: X509Certificate, now: string): boolean {
  if (!issuer.ca || !isValidAt(issuer, now)) return false;
  try {
    return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
  } catch {
    return false;
  }
}
