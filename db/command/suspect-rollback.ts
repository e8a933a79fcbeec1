import type { Suspicion } from '../../domain/ledger/anchor.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { reportOwn } from './own-report.ts';

const SAID: Record<Suspicion['cause'], string> = {
  counter_ahead: 'the counter of the TPM moved for anchors that the record does not know',
  checkpoint_ahead: 'a checkpoint was signed for entries that the record does not have',
  checkpoint_differs: 'a checkpoint was signed for other entries than the record has',
  epoch_unknown: 'a checkpoint was signed for an epoch that the record does not know',
};

/**
 * Reports that the record was set back, which closes the gates, and then halts the log: what is written from here on waits
 * for the next epoch, or one origin would have two trees. `check_id` tells a retry from another check; all of them are one
 * incident while it is open. Returns its id.
 */
export async function suspectRollback(
  db: Database,
  by: Caller,
  suspicion: Suspicion,
  check_id: string,
): Promise<string> {
  const incident = await reportOwn(db, by, 'integrity_violation', check_id, {
    source: 'ledger',
    dedup_key: 'ledger/rollback',
    description: `the record may have been set back: ${SAID[suspicion.cause]}`,
    evidence: { ...suspicion },
  });
  await transaction(db, async (tx) => {
    const head = await one<{ origin: string; at: string }>(
      tx,
      `UPDATE log_heads SET halted_at = date_trunc('milliseconds', clock_timestamp())
        WHERE workspace_id = $1 AND halted_at IS NULL AND epoch = (SELECT max(epoch) FROM log_heads WHERE workspace_id = $1)
        RETURNING origin, halted_at AS at`,
      [INSTANCE],
    );
    if (head === undefined) return;
    await writeEntries(tx, [
      {
        workspace_id: INSTANCE,
        at: head.at,
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: 'log_halted',
        object: `log/${head.origin}`,
        record_hash: null,
        record_version: null,
        detail: { incident_id: incident.id, ...suspicion },
        policy_digest: null,
      },
    ]);
  });
  return incident.id;
}
