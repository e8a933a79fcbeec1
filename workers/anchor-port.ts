import type { AnchorActivities } from '../activities/anchor/types.ts';
import { completeAnchor, intendAnchor, markCopied, missAnchor } from '../db/command/anchors.ts';
import { suspectRollback } from '../db/command/suspect-rollback.ts';
import { uncopiedCheckpoints } from '../db/read/anchors.ts';
import { checkpointKey } from '../domain/ledger/anchor.ts';
import { BlobError } from '../storage/blob-error.ts';
import { suspectedByBlobs } from './anchor/rollback-check.ts';
import type { RollbackDeps } from './anchor/rollback-check.ts';
import { ITSELF } from './enrolment-port.ts';
import type { Logger } from './log.ts';

export interface AnchorPortDeps extends RollbackDeps {
  /** At least this many milliseconds between two anchors. */
  intervalMs: number;
  log: Logger;
}

/** The commands of an anchor, on one database and one blob store. */
export function anchorPort({ intervalMs, log, ...deps }: AnchorPortDeps): AnchorActivities {
  const { db, blobs } = deps;
  return {
    intendAnchor: async ({ check_id, ...asked }) => {
      const found = await foundByBlobs(deps, log);
      if (found !== null) return { kind: 'suspected', incident_id: await suspectRollback(db, ITSELF, found, check_id) };
      const intended = await intendAnchor(db, ITSELF, { ...asked, interval_ms: intervalMs });
      if (intended.kind !== 'suspected') return intended;
      return { kind: 'suspected', incident_id: await suspectRollback(db, ITSELF, intended.suspicion, check_id) };
    },
    completeAnchor: (answer) => completeAnchor(db, ITSELF, answer),
    missAnchor: ({ reason }) => missAnchor(db, ITSELF, reason),
    copyCheckpoints: async () => {
      for (const { anchor_id, origin, size, note } of await uncopiedCheckpoints(db)) {
        try {
          await blobs.put(checkpointKey(origin, size), Buffer.from(note, 'utf8'));
        } catch (error) {
          if (!(error instanceof BlobError)) throw error;
          log.warn({ event: 'anchor.not_copied', origin, size, code: error.code });
          return;
        }
        await markCopied(db, anchor_id);
      }
    },
  };
}

/** A store that does not answer says nothing about the record. */
export async function foundByBlobs(deps: RollbackDeps, log: Logger): ReturnType<typeof suspectedByBlobs> {
  try {
    return await suspectedByBlobs(deps);
  } catch (error) {
    if (!(error instanceof BlobError)) throw error;
    log.warn({ event: 'anchor.blobs_unread', code: error.code });
    return null;
  }
}
