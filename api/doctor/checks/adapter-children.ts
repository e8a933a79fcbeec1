import { adapterChildrenDown } from '../../../db/read/adapter-children.ts';
import { ill, well } from '../../../domain/doctor/finding.ts';
import type { DoctorCheck } from '../check.ts';

/** Every child adapter that should run does, under a lease that stands. */
export const check: DoctorCheck = {
  name: 'adapter_children',
  component: false,
  run: async ({ db }, { caller }) => {
    const down = await adapterChildrenDown(db, caller.workspace_id);
    if (down.length === 0) return well();
    return down.map(({ name, last_error }) => ill('child_not_running', last_error ?? 'has no run that stands', name));
  },
};
