import type { Output } from './output/output.ts';

/** What the API says of a schedule, as far as it is shown. */
export interface ScheduleAnswer {
  row: string;
  subject: string | null;
  every_days: number;
  overlap_seconds: number;
  next_due_at: string;
  overdue: boolean;
  last_rotation_id: string | null;
  failure: string | null;
  scheduled_by: string;
}

export const SCHEDULES = '/v1/rotation-schedules';

export const scheduleFacts = (s: ScheduleAnswer): [string, string | number | null][] => [
  ['row', s.row],
  ['subject', s.subject],
  ['every_days', s.every_days],
  ['overlap_seconds', s.overlap_seconds],
  ['next_due_at', s.next_due_at],
];

export function scheduleTable(out: Output, schedules: ScheduleAnswer[]): void {
  out.table(
    schedules,
    [
      { head: 'ROW', cell: (s) => s.row },
      { head: 'SUBJECT', cell: (s) => s.subject },
      { head: 'DAYS', cell: (s) => s.every_days },
      { head: 'DUE', cell: (s) => (s.overdue ? `${s.next_due_at} (overdue)` : s.next_due_at) },
      { head: 'LAST', cell: (s) => s.last_rotation_id },
      { head: 'FAILURE', cell: (s) => s.failure },
      { head: 'BY', cell: (s) => s.scheduled_by },
    ],
    'nothing is rotated by a schedule',
  );
}

/** A line for what should have been opened and was not. */
export const overdueLines = (schedules: ScheduleAnswer[]): string[] =>
  schedules
    .filter(({ overdue, failure }) => overdue || failure !== null)
    .map(
      ({ row, subject, next_due_at, failure }) =>
        `${row}${subject === null ? '' : ` ${subject}`} is due since ${next_due_at}: ${failure ?? 'no worker has opened it'}`,
    );
