import { ill, well } from '../../../domain/doctor/finding.ts';
import { upstreamsFile } from '../../status/upstreams.ts';
import type { DoctorCheck } from '../check.ts';

export const check: DoctorCheck = {
  name: 'upstreams_file',
  component: false,
  run: async (deps) => {
    const standing = await upstreamsFile(deps);
    if (standing === null) return well('none is configured');
    if (standing.error !== null) return ill('file_refused', `the upstreams file cannot be taken (${standing.error})`);
    return standing.drift ? ill('file_differs', 'the upstreams file differs from what is loaded') : well();
  },
};
