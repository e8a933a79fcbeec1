import { adapterTroubles } from '../../../db/read/adapters.ts';
import { ill, well } from '../../../domain/doctor/finding.ts';
import { databaseTime } from '../database-time.ts';
import type { DoctorCheck } from '../check.ts';

export const check: DoctorCheck = {
  name: 'adapters',
  component: false,
  run: async ({ db }, { caller }) => {
    const late = (await adapterTroubles(db, caller.workspace_id, await databaseTime(db))).filter(
      ({ kind }) => kind === 'unacknowledged',
    );
    if (late.length === 0) return well();
    return late.map(({ name, since, error }) =>
      ill('adapter_unacknowledged', `has not acknowledged since ${since} (${error ?? 'no answer yet'})`, name),
    );
  },
};
