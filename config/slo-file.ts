import { parseThresholds } from '../domain/slo/thresholds.ts';
import type { Thresholds } from '../domain/slo/thresholds.ts';
import { readReviewedYaml } from './reviewed-yaml.ts';

/** A file of thresholds that is none; the sentence says where. */
export class SloFileError extends Error {
  override readonly name = 'SloFileError';
  readonly code = 'slo_invalid';

  constructor(path: string, paths: readonly string[]) {
    super(`${path}: no thresholds at ${paths.join(', ')}`);
  }
}

/** The thresholds in the YAML file at `path`. Errors: SloFileError, ReviewedFileError. */
export function loadSloFile(path: string): Thresholds {
  const parsed = parseThresholds(readReviewedYaml(path));
  if (parsed.ok) return parsed.thresholds;
  throw new SloFileError(path, parsed.paths);
}
