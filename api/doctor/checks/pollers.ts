import { ill, well } from '../../../domain/doctor/finding.ts';
import type { DoctorCheck } from '../check.ts';

export const check: DoctorCheck = {
  name: 'pollers',
  component: true,
  run: async ({ engine }) => {
    const { polled, unpolled } = await engine.status();
    return [
      ...polled.map((queue) => well('a worker polls the queue', queue)),
      ...unpolled.map((queue) => ill('queue_unpolled', 'no worker polls the queue', queue)),
    ];
  },
};
