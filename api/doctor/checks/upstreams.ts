import { upstreamProbes } from '../../../db/read/upstreams.ts';
import { ill, well } from '../../../domain/doctor/finding.ts';
import { providerReadiness } from '../../../domain/upstream/readiness.ts';
import { databaseTime } from '../database-time.ts';
import type { DoctorCheck } from '../check.ts';

/** What each upstream answered when it was last asked, a short while ago. */
export const check: DoctorCheck = {
  name: 'upstreams',
  component: true,
  run: async ({ db }) => {
    const rows = (await upstreamProbes(db)).filter(({ probe }) => probe === 'readiness');
    if (rows.length === 0) return well('none is loaded');
    return providerReadiness(rows, await databaseTime(db)).routes.map(({ name, ok, code, since }) =>
      ok ? well(undefined, name) : ill(code ?? 'unchecked', `not ready since ${since ?? 'the start'}`, name),
    );
  },
};
