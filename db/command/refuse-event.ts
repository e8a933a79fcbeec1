import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';

/** Events that an adapter, or who said to be it, sent in vain for the same reason. */
export interface RefusedEvent {
  workspace_id: string;
  adapter_id: string;
  name: string;
  /** Whether the signature was the adapter's. */
  signed: boolean;
  code: string;
  count: number;
}

/** Has refused events in the ledger. Who sent an unsigned one is not known, so it is nobody's. */
export async function refuseEvent(db: Database, refused: RefusedEvent): Promise<void> {
  const { workspace_id, adapter_id, name, signed, code, count } = refused;
  await transaction(db, async (tx) => {
    const clock = await one<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
    await writeEntries(tx, [
      {
        workspace_id,
        at: clock?.now ?? '',
        actor: signed ? `adapter:${name}` : 'anyone',
        on_behalf_of: null,
        action: 'adapter_event_refused',
        object: `adapter/${adapter_id}`,
        record_hash: null,
        record_version: null,
        detail: { name, code, count },
        policy_digest: null,
      },
    ]);
  });
}
