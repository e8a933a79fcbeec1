import { streamedArray, streamedObject, streamedValue } from '../../domain/canonical/stream.ts';
import type { Streamed } from '../../domain/canonical/stream.ts';
import type { Queryable } from '../../db/client.ts';
import { schemaStatus } from '../../db/migrate.ts';
import { incidentCounts, tallies } from '../../db/read/counts.ts';
import { ceremonyPages } from '../../db/read/forensic-ceremonies.ts';
import { holdPages, recoveryPages } from '../../db/read/forensic-records.ts';
import { gatesOverview } from '../../db/read/gates.ts';
import type { PublishedLog } from '../../db/read/log.ts';
import { attestationReport, integrityReport } from '../state-ports.ts';

/** What of the system is not an incident and not an entry, as the workspace sees it. */
export async function systemState(
  tx: Queryable,
  workspace_id: string,
  log: PublishedLog,
  watchIntervalMs: number,
): Promise<Streamed> {
  const gates = await gatesOverview(tx, workspace_id);
  const { epoch, origin, verifier_key, size } = log;
  return streamedObject({
    attestation: streamedValue(await attestationReport(tx, watchIntervalMs)),
    ceremonies: streamedArray(ceremonyPages(tx, workspace_id)),
    counters: streamedValue({
      incidents: await incidentCounts(tx, workspace_id),
      tallies: await tallies(tx, workspace_id),
    }),
    gates: streamedValue(gates.map(({ gate, open, hold_count }) => ({ gate, open, hold_count }))),
    holds: streamedArray(holdPages(tx, workspace_id)),
    integrity: streamedValue(await integrityReport(tx, watchIntervalMs)),
    ledger: streamedValue({ epoch, origin, verifier_key, size }),
    pending_recoveries: streamedArray(recoveryPages(tx, workspace_id)),
    schema: streamedValue(await schemaStatus(tx)),
    workspace: streamedValue(workspace_id),
  });
}
