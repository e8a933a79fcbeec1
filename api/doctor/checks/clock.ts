import { ill, well } from '../../../domain/doctor/finding.ts';
import { databaseTime } from '../database-time.ts';
import type { DoctorCheck } from '../check.ts';

/** Tokens and signatures carry times; a challenge lives for half a minute. */
const MOST_MS = 2_000;

/** This machine's clock beside the database's, which may be another machine's. */
export const check: DoctorCheck = {
  name: 'clock',
  component: false,
  run: async ({ db }) => {
    const before = Date.now();
    const theirs = Date.parse(await databaseTime(db));
    const after = Date.now();
    const skew = theirs < before ? before - theirs : Math.max(0, theirs - after);
    const said = `the clocks of server and database are ${skew} ms apart`;
    return skew <= MOST_MS ? well(said) : ill('clock_skew', said);
  },
};
