import { ill, well } from '../../../domain/doctor/finding.ts';
import { readiness } from '../../readiness.ts';
import type { DoctorCheck } from '../check.ts';

export const check: DoctorCheck = {
  name: 'readiness',
  component: false,
  run: async (deps) => {
    const failing = await readiness(deps);
    return failing.length === 0 ? well() : ill('not_ready', `missing: ${failing.join(', ')}`);
  },
};
