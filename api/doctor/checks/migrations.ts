import { schemaStatus } from '../../../db/migrate.ts';
import { ill, well } from '../../../domain/doctor/finding.ts';
import type { DoctorCheck } from '../check.ts';

export const check: DoctorCheck = {
  name: 'migrations',
  component: false,
  run: async ({ db }) => {
    const { version, head } = await schemaStatus(db);
    const said = `${version} of ${head} migrations are applied`;
    return version === head ? well(said) : ill('schema_differs', said);
  },
};
