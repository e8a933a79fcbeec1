import type { RotationSchedule, ScheduleStanding } from '../db/read/rotation-schedules.ts';
import type { RotationRecord } from '../db/read/rotations.ts';

/** A rotation as the API shows it; what its strategy remembers is its own. */
export const rotationView = (r: RotationRecord) => ({
  rotation_id: r.rotation_id,
  row: r.row,
  subject: r.subject === '' ? null : r.subject,
  state: r.state,
  step: r.step,
  dry_run: r.dry_run,
  compromised: r.compromised,
  overlap_seconds: r.overlap_seconds,
  overlap_until: r.overlap_until,
  staged_at: r.staged_at,
  cut_over_at: r.cut_over_at,
  new_proved_at: r.new_proved_at,
  old_proved_at: r.old_proved_at,
  attempts: r.attempts,
  next_attempt_at: r.next_attempt_at,
  failed_step: r.failed_step,
  failure: r.failure,
  reason: r.reason,
  ticket: r.ticket,
  requested_by: r.actor,
  on_behalf_of: r.on_behalf_of,
  created_at: r.created_at,
  finished_at: r.finished_at,
});

/** A schedule of rotations as the API shows it. */
export const scheduleView = (s: RotationSchedule & Partial<Pick<ScheduleStanding, 'overdue'>>) => ({
  schedule_id: s.schedule_id,
  row: s.row,
  subject: s.subject === '' ? null : s.subject,
  every_days: s.every_days,
  overlap_seconds: s.overlap_seconds,
  next_due_at: s.next_due_at,
  overdue: s.overdue ?? false,
  last_rotation_id: s.last_rotation_id,
  failure: s.failure,
  failing_since: s.failing_since,
  scheduled_by: s.actor,
  on_behalf_of: s.on_behalf_of,
  created_at: s.created_at,
});
