import { ill, well } from '../../../domain/doctor/finding.ts';
import type { DoctorCheck } from '../check.ts';

export const check: DoctorCheck = {
  name: 'pollers',
  component: true,
  run: async ({ engine }) => {
    const { polled, unpolled, egressPolled } = await engine.status();
    const [yes, no] = egressPolled ? [[...polled, 'egress'], unpolled] : [polled, [...unpolled, 'egress']];
    return [
      ...yes.map((queue) => well('a worker polls the queue', queue)),
      ...no.map((queue) => ill('queue_unpolled', 'no worker polls the queue', queue)),
    ];
  },
};
