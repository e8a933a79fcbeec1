import { setTimeout as sleep } from 'node:timers/promises';
import { SealError, sealExport } from '../../activities/exports/seal.ts';
import type { SealRequest } from '../../activities/exports/seal.ts';
import { readProvenanceKeys } from '../../config/provenance-keys.ts';
import type { Queryable } from '../../db/client.ts';
import { exportProofs } from '../../db/read/export-proofs.ts';
import { logKeys } from '../../db/read/log-keys.ts';
import { openProvenanceKey } from '../keys/provenance-key.ts';

export type Sealer = (request: SealRequest, signal?: AbortSignal) => Promise<{ statement: string; digest: string }>;

interface SealerDeps {
  db: Queryable;
  stateRoot: string;
  /** As of `SealDeps`. */
  looks?: number;
}

/**
 * Seals exports by the record's log and the key of this host. What it returns is to be kept before anything is sent: a second
 * sealing says another moment. Errors: SealError, InstanceKeyError, what `signal` is aborted with.
 */
export function exportSealer({ db, stateRoot, looks }: SealerDeps): Sealer {
  return (request, signal) =>
    sealExport(request, {
      proofs: (wanted) => exportProofs(db, wanted),
      keys: async () => {
        const log = await logKeys(db);
        // What has a checkpoint has a key.
        if (log === undefined) throw new SealError('entries_unsequenced');
        return { provenance: readProvenanceKeys(stateRoot), log: log.keys.map(({ verifier_key }) => verifier_key) };
      },
      signer: () => openProvenanceKey(stateRoot),
      now: () => new Date().toISOString(),
      looks,
      wait: (ms) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
    });
}
