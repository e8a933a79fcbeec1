import type { RotationView } from '../../domain/process/rotation.ts';

export interface RotationActivities {
  /** Takes the step that is due, if any, and records how it ended. Null: there is no such rotation. */
  rotate(of: { workspace_id: string; rotation_id: string }): Promise<RotationView | null>;
}
