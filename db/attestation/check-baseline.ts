import { canonicalJson } from '../../domain/canonical/json.ts';
import { compareBaseline, observedDigest } from '../../domain/integrity/compare.ts';
import type { FileDifference } from '../../domain/integrity/compare.ts';
import { fileRecordSchema } from '../../domain/integrity/baseline.ts';
import type { FileRecord, IntegrityBaseline } from '../../domain/integrity/baseline.ts';
import { z } from 'zod';
import { INSTANCE } from '../command/caller.ts';
import type { Caller } from '../command/caller.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import { writeEntries } from '../write/ledger.ts';
import type { AttestationContext } from './context.ts';
import { believed, currentBaseline } from './signed-versions.ts';

export interface Observation {
  baseline: string;
  /** What the attester found; refused as a whole when it is not a list of file records. */
  observed: unknown;
}

export type Checked =
  | { ok: true; baseline: IntegrityBaseline; passed: boolean; differences: FileDifference[] }
  | { ok: false; code: 'baseline_unknown' | 'baseline_invalid' | 'observation_malformed' };

const observedSchema = z.array(fileRecordSchema).max(20_000);
const DIFFERENCES_KEPT = 100;

/** Compares an observation with the signed baseline in force and records the result, in the caller's transaction. */
export async function checkBaseline(
  tx: Tx,
  by: Caller,
  observation: Observation,
  context: AttestationContext,
  now: string,
): Promise<Checked> {
  const baseline = await believed(() => currentBaseline(tx, observation.baseline, context.keys));
  if (baseline === 'not_believed') return { ok: false, code: 'baseline_invalid' };
  if (baseline === null) return { ok: false, code: 'baseline_unknown' };
  const parsed = observedSchema.safeParse(observation.observed);
  if (!parsed.success) return { ok: false, code: 'observation_malformed' };
  const differences = compareBaseline(baseline, parsed.data satisfies FileRecord[]);
  const passed = differences.length === 0;
  await tx.query({
    name: 'integrity-result-insert',
    text: `INSERT INTO integrity_results
      (workspace_id, baseline, baseline_version, passed, differences, total_differences, observed_digest, at, actor, on_behalf_of)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    values: [
      INSTANCE,
      baseline.baseline,
      baseline.version,
      passed,
      canonicalJson(differences.slice(0, DIFFERENCES_KEPT)),
      differences.length,
      observedDigest(baseline.baseline, parsed.data, sha256),
      now,
      by.actor,
      by.on_behalf_of,
    ],
  });
  await tx.query(
    `UPDATE integrity_standings SET missed_checks = 0, check_pending = false, version = version + 1
      WHERE workspace_id = $1 AND baseline = $2 AND (missed_checks <> 0 OR check_pending)`,
    [INSTANCE, baseline.baseline],
  );
  await writeEntries(tx, [
    {
      workspace_id: INSTANCE,
      at: now,
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      action: 'integrity_checked',
      object: `baseline/${baseline.baseline}`,
      record_hash: null,
      record_version: baseline.version,
      detail: { passed, differences: differences.length },
      policy_digest: null,
    },
  ]);
  return { ok: true, baseline, passed, differences };
}
