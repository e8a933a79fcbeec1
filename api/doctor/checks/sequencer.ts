import { anchorStanding } from '../../../db/read/anchors.ts';
import { logStanding } from '../../../db/read/log.ts';
import { sessionConnected } from '../../../db/read/sessions.ts';
import { ill, well } from '../../../domain/doctor/finding.ts';
import type { DoctorCheck } from '../check.ts';

/** Entries get their place within a second; later than this nobody holds the head of the log. */
const LATE_MS = 30_000;

export const check: DoctorCheck = {
  name: 'sequencer',
  component: false,
  run: async ({ db }) => {
    const [connected, log, anchors] = await Promise.all([
      sessionConnected(db, 'interlock-sequencer'),
      logStanding(db),
      anchorStanding(db),
    ]);
    if (!connected) return ill('sequencer_absent', 'no process sequences the ledger');
    if (log === undefined) return ill('log_missing', 'no epoch of the log is open');
    if (anchors?.halted_at != null) return ill('log_halted', 'the log is halted');
    const { rows } = await db.query<{ late: boolean }>(
      `SELECT $1::boolean AND ($2::timestamptz IS NULL OR $2::timestamptz < clock_timestamp() - $3 * interval '1 millisecond') AS late`,
      [log.waiting, log.signed_at, LATE_MS],
    );
    return rows[0]?.late === false
      ? well(`${log.signed_size} entries are signed`)
      : ill('sequencer_late', 'entries have waited for their place for more than 30 s');
  },
};
