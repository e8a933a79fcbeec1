import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output/output.ts';

/** What the API says of a rotation, as far as it is shown. */
export interface RotationAnswer {
  rotation_id: string;
  row: string;
  subject: string | null;
  state: 'running' | 'undoing' | 'completed' | 'undone' | 'failed';
  step: string | null;
  dry_run: boolean;
  compromised: boolean;
  overlap_until: string | null;
  new_proved_at: string | null;
  old_proved_at: string | null;
  failed_step: string | null;
  failure: string | null;
  requested_by: string;
  reason: string;
  ticket: string | null;
  created_at: string;
  finished_at: string | null;
}

export interface RotationStepAnswer {
  at: string;
  step: string;
  undo: boolean;
  outcome: string;
  code: string | null;
  evidence: Record<string, unknown>;
}

export type RotationDetail = RotationAnswer & { steps: RotationStepAnswer[] };

/** A failing step, and an overlap, may take days: then it is pending, and goes on without us. */
export const rotationExit = ({ state }: RotationAnswer): ExitCode =>
  state === 'completed' ? EXIT.done : state === 'running' || state === 'undoing' ? EXIT.pending : EXIT.no;

export const rotationPath = (id: string, action = ''): string => `/v1/rotations/${encodeURIComponent(id)}${action}`;

export function rotationTable(out: Output, rotations: RotationAnswer[]): void {
  out.table(
    rotations,
    [
      { head: 'ROTATION', cell: (r) => r.rotation_id },
      { head: 'ROW', cell: (r) => r.row },
      { head: 'SUBJECT', cell: (r) => r.subject },
      { head: 'STATE', cell: (r) => (r.dry_run ? `${r.state} (dry run)` : r.state) },
      { head: 'STEP', cell: (r) => r.step ?? r.failed_step },
      { head: 'FAILURE', cell: (r) => r.failure },
      { head: 'BY', cell: (r) => r.requested_by },
      { head: 'CREATED', cell: (r) => r.created_at },
    ],
    'nothing was rotated yet',
  );
}

export function showRotation(out: Output, rotation: RotationAnswer & { steps?: RotationStepAnswer[] }): void {
  out.facts([
    ['rotation_id', rotation.rotation_id],
    ['row', rotation.row],
    ['subject', rotation.subject],
    ['state', rotation.state],
    ['step', rotation.step],
    ['dry_run', rotation.dry_run],
    ['compromised', rotation.compromised],
    ['overlap_until', rotation.overlap_until],
    ['new_proved_at', rotation.new_proved_at],
    ['old_proved_at', rotation.old_proved_at],
    ['failed_step', rotation.failed_step],
    ['failure', rotation.failure],
    ['reason', rotation.reason],
    ['ticket', rotation.ticket],
    ['requested_by', rotation.requested_by],
    ['created_at', rotation.created_at],
    ['finished_at', rotation.finished_at],
  ]);
  if (rotation.steps === undefined) return;
  out.table(
    rotation.steps,
    [
      { head: 'AT', cell: (s) => s.at },
      { head: 'STEP', cell: (s) => (s.undo ? `undo ${s.step}` : s.step) },
      { head: 'OUTCOME', cell: (s) => s.outcome },
      { head: 'CODE', cell: (s) => s.code },
      { head: 'EVIDENCE', cell: (s) => JSON.stringify(s.evidence) },
    ],
    'no step was taken yet',
  );
}
