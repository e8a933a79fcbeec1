// Exactly the referenced PCRs are quoted, the quoted digest covers the values shown, and each value is a referenced one.
import { hashCanonical, toHex } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { concat, fromHex } from './bytes.ts';
import { claim } from './claim.ts';
import type { Claim } from './claim.ts';
import type { PcrValue } from './evidence.ts';
import type { ReferenceValues } from './reference-values.ts';
import type { Quote } from './tpms-attest.ts';

export interface PcrDifference {
  pcr: number;
  reference: string[];
  quoted: string | null;
  match: boolean;
}

const ascending = (a: number, b: number): number => a - b;

export const referencedPcrs = (reference: Pick<ReferenceValues, 'pcrs'> | null): number[] =>
  Object.keys(reference?.pcrs ?? {})
    .map(Number)
    .sort(ascending);

/** Which PCR differs: every PCR referenced or quoted, ascending; one without a reference or a value never matches. */
export function attestationDiff(
  reference: Pick<ReferenceValues, 'pcrs'> | null,
  pcrs: readonly PcrValue[],
): PcrDifference[] {
  const quoted = new Map(pcrs.map((p) => [p.index, p.digest]));
  const all = [...new Set([...referencedPcrs(reference), ...quoted.keys()])].sort(ascending);
  return all.map((pcr) => {
    const allowed = reference?.pcrs[String(pcr)] ?? [];
    const value = quoted.get(pcr) ?? null;
    return { pcr, reference: [...allowed], quoted: value, match: value !== null && allowed.includes(value) };
  });
}

/** What a reviewer has seen of a quote, hex: SHA-256 of the canonical JSON of {node, pcrs: {<index>: digest}}. */
export const quotedDigest = (node: string, pcrs: readonly PcrValue[], sha256: Sha256): string =>
  hashCanonical({ node, pcrs: Object.fromEntries(pcrs.map((p) => [String(p.index), p.digest])) }, sha256);

const list = (indices: readonly number[]): string => (indices.length === 0 ? 'none' : indices.join(','));

/** The claims pcr_selection, pcr_digest and one pcr_<n> each. */
export function pcrClaims(
  quote: Quote,
  pcrs: readonly PcrValue[],
  reference: Pick<ReferenceValues, 'pcrs'> | null,
  sha256: Sha256,
): Claim[] {
  const required = list(referencedPcrs(reference));
  const selected = list(quote.pcr_selection);
  const shown = list(pcrs.map((p) => p.index).sort(ascending));
  const selectionHolds = required !== 'none' && selected === required && shown === required;
  const inOrder = [...pcrs].sort((a, b) => a.index - b.index);
  const digest = toHex(sha256(concat(...inOrder.map((p) => fromHex(p.digest, 'pcrs.digest')))));
  return [
    claim('pcr_selection', selectionHolds, required, selected === required ? shown : selected),
    claim('pcr_digest', digest === quote.pcr_digest, digest, quote.pcr_digest),
    ...attestationDiff(reference, pcrs).map((d) =>
      claim(`pcr_${d.pcr}`, d.match, d.reference.join(' | ') || 'no reference value', d.quoted ?? 'not quoted'),
    ),
  ];
}
