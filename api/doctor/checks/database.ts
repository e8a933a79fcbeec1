import { well } from '../../../domain/doctor/finding.ts';
import type { DoctorCheck } from '../check.ts';

export const check: DoctorCheck = {
  name: 'database',
  component: true,
  run: async ({ db }) => {
    await db.query('SELECT 1');
    return well();
  },
};
