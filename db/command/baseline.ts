import { z } from 'zod';
import { fileRecordSchema, firstBaseline } from '../../domain/integrity/baseline.ts';
import { IntegrityError } from '../../domain/integrity/error.ts';
import type { Signer } from '../attestation/context.ts';
import { storeBaseline } from '../attestation/signed-versions.ts';
import { one } from '../client.ts';
import type { Database, Queryable } from '../client.ts';
import { transaction } from '../transaction.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';

/** What is to be protected under a name, as an attester found it. `root` is a label, `observed` of any shape. */
export interface FirstObservation {
  baseline: string;
  root: string;
  observed: unknown;
}

export type FirstBaseline =
  { ok: true; created: boolean } | { ok: false; code: 'observation_malformed' | 'baseline_invalid' };

const observedSchema = z.array(fileRecordSchema).max(10_000);

/** Whether any version is on record under this name, also one whose signature no longer verifies. */
export async function baselineExists(db: Queryable, baseline: string): Promise<boolean> {
  const found = 'SELECT 1 FROM integrity_baselines WHERE workspace_id = $1 AND baseline = $2 LIMIT 1';
  return (await one(db, found, [INSTANCE, baseline])) !== undefined;
}

/**
 * Signs what was observed as version 1 of a baseline, once: what is on record is replaced by an approval only. Refused
 * with `observation_malformed`, or `baseline_invalid` when there is no file to protect.
 */
export async function firstIntegrityBaseline(
  db: Database,
  by: Caller,
  { baseline, root, observed }: FirstObservation,
  signer: Signer,
): Promise<FirstBaseline> {
  const parsed = observedSchema.safeParse(observed);
  if (!parsed.success) return { ok: false, code: 'observation_malformed' };
  return transaction(db, async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`baseline:${baseline}`]);
    if (await baselineExists(tx, baseline)) return { ok: true, created: false };
    const clock = await one<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
    const approval = { by: by.actor, reason: 'first start', ticket: null, now: clock?.now ?? '' };
    try {
      await storeBaseline(tx, firstBaseline({ baseline, root }, parsed.data, approval), signer, by);
    } catch (error) {
      if (error instanceof IntegrityError && error.code === 'baseline_invalid') return { ok: false, code: error.code };
      throw error;
    }
    return { ok: true, created: true };
  });
}
