import { ill, well } from '../../../domain/doctor/finding.ts';
import type { DoctorCheck } from '../check.ts';

export const check: DoctorCheck = {
  name: 'temporal',
  component: true,
  run: async ({ engine }) =>
    (await engine.status()).reachable ? well() : ill('temporal_unreachable', 'Temporal does not answer'),
};
