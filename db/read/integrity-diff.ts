import type { FileDifference } from '../../domain/integrity/compare.ts';
import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import { INSTANCE } from '../command/caller.ts';

/** What the last check of a baseline found; `null` when there is no such baseline. */
export async function readIntegrityDiff(db: Queryable, baseline: string) {
  const current = await one<{ version: number }>(
    db,
    'SELECT version FROM integrity_baselines WHERE workspace_id = $1 AND baseline = $2 ORDER BY version DESC LIMIT 1',
    [INSTANCE, baseline],
  );
  if (current === undefined) return null;
  const last = await one<{
    at: string;
    passed: boolean;
    baseline_version: number;
    differences: string;
    observed_digest: string | null;
    total_differences: number;
  }>(
    db,
    `SELECT at, passed, baseline_version, differences, total_differences, observed_digest FROM integrity_results
      WHERE workspace_id = $1 AND baseline = $2 ORDER BY result_id DESC LIMIT 1`,
    [INSTANCE, baseline],
  );
  return {
    baseline,
    baseline_version: current.version,
    checked_at: last?.at ?? null,
    checked_version: last?.baseline_version ?? null,
    passed: last?.passed ?? null,
    differences_total: last?.total_differences ?? 0,
    differences: last === undefined ? [] : (JSON.parse(last.differences) as FileDifference[]),
    observed_digest: last?.observed_digest ?? null,
  };
}
