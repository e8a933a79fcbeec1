/** The value below which the fraction `q` of the sample lies. */
export function quantile(sample: readonly number[], q: number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** `min … median … max`: two noisy cores make a single figure worth little. */
export function summary(sample: readonly number[], digits: number): string {
  return [0, 0.5, 1].map((q) => quantile(sample, q).toFixed(digits)).join(' … ');
}
