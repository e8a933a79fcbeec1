import { integrityEvidence } from '../../domain/integrity/evidence.ts';
import { checkBaseline } from '../attestation/check-baseline.ts';
import type { Observation } from '../attestation/check-baseline.ts';
import type { AttestationContext } from '../attestation/context.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { endWatch } from '../write/watches.ts';
import { baselineExists } from './baseline.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { reportOwn } from './own-report.ts';
import { clock } from './watch.ts';
import type { Missed, Watched } from './watch.ts';

/** What is to be looked at; `first`: what is found there is to become the first baseline. */
export interface OpenedCheck {
  node: string;
  first: boolean;
}

/** Whose files the watch of a baseline observes; null when nobody is to watch them (any more). */
export async function openCheck(db: Database, baseline: string): Promise<OpenedCheck | null> {
  return transaction(db, async (tx) => {
    const found = 'SELECT node FROM integrity_standings WHERE workspace_id = $1 AND baseline = $2';
    const row = await one<{ node: string }>(tx, found, [INSTANCE, baseline]);
    if (row !== undefined) return { node: row.node, first: !(await baselineExists(tx, baseline)) };
    await endWatch(tx, 'integrityWatch', baseline, await clock(tx));
    return null;
  });
}

/** Compares observed files with the baseline; a difference is reported as `integrity_violation`. `check_id` is the retry's key. */
export async function recordCheck(
  db: Database,
  by: Caller,
  check_id: string,
  observation: Observation,
  context: AttestationContext,
): Promise<Watched> {
  const checked = await transaction(db, async (tx) => checkBaseline(tx, by, observation, context, await clock(tx)));
  if (checked.ok && checked.passed) return { passed: true };
  const evidence = checked.ok
    ? { ...integrityEvidence(checked.baseline, checked.differences) }
    : { baseline: observation.baseline, refused: checked.code };
  const incident = await reportOwn(db, by, 'integrity_violation', check_id, {
    source: `integrity/${observation.baseline}`,
    description: `files differ from the baseline ${observation.baseline}`,
    evidence,
    dedup_key: `integrity/${observation.baseline}`,
  });
  return { passed: false, incident_id: incident.id };
}

/** Counts a check that did not come, with its entry; from the second on the state of the files is `unknown`. */
export async function recordMissedCheck(
  db: Database,
  by: Caller,
  { baseline, reason }: { baseline: string; reason: string },
): Promise<Missed> {
  return transaction(db, async (tx) => {
    const row = await one<{ missed_checks: number; check_pending: boolean; version: number }>(
      tx,
      `UPDATE integrity_standings SET missed_checks = missed_checks + 1, version = version + 1
        WHERE workspace_id = $1 AND baseline = $2 RETURNING missed_checks, check_pending, version`,
      [INSTANCE, baseline],
    );
    if (row === undefined) return { missed: 0, awaited: false };
    await writeEntries(tx, [
      {
        workspace_id: INSTANCE,
        at: await clock(tx),
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: 'check_missed',
        object: `baseline/${baseline}`,
        record_hash: null,
        record_version: row.version,
        detail: { missed: row.missed_checks, reason },
        policy_digest: null,
      },
    ]);
    return { missed: row.missed_checks, awaited: row.check_pending };
  });
}
