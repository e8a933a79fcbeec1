import { ill, well } from '../../../domain/doctor/finding.ts';
import { containmentFile } from '../../status/containment-file.ts';
import type { DoctorCheck } from '../check.ts';

export const check: DoctorCheck = {
  name: 'containment_file',
  component: false,
  run: async (deps) => {
    const { drift, error } = await containmentFile(deps);
    if (error !== null) return ill('file_refused', `the containment file cannot be taken (${error})`);
    return drift ? ill('file_differs', 'the containment file differs from the policy in force') : well();
  },
};
