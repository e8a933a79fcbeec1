import type { Client } from './client.ts';
import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output/output.ts';

/** What the API says of an export, as far as it is shown. */
export interface ExportAnswer {
  export_id: string;
  bundle: { name: string; version: string; digest: string | null; transition_digest: string | null };
  destination: { kind: string; upstream?: string };
  key: string;
  state: string;
  reason_code: string | null;
  held: boolean;
  mode: string;
  would_block: string[];
  expires_at: string;
  grant: { kind: string; ticket?: string; waiver_id?: string } | null;
  archive: { sha256: string; bytes: number } | null;
  closed_during_commit: boolean;
  failure: string | null;
  reason: string;
  ticket: string | null;
  requested_by: string;
  ended_by: string | null;
  ended_reason: string | null;
  created_at: string;
  finished_at: string | null;
}

export interface ExportDetail extends ExportAnswer {
  approvals: { actor: string; role: string; at: string; not_after: string; single_operator: boolean }[];
  lacking: { role: string; count: number }[];
}

export const EXPORTS = '/v1/exports';
export const exportPath = (id: string, action = ''): string => `${EXPORTS}/${encodeURIComponent(id)}${action}`;

const ENDED: Record<string, ExitCode> = {
  exported: EXIT.done,
  rejected: EXIT.rejected,
  expired: EXIT.rejected,
  cancelled: EXIT.rejected,
  blocked: EXIT.blocked,
  failed: EXIT.no,
};

export const exportExit = ({ state }: ExportAnswer): ExitCode => ENDED[state] ?? EXIT.pending;

/** Seconds that one request waits for an answer to change; the server allows 60. */
const ONE_WAIT = 20;

/** The export once it has ended, waits for people, or is held; or as it stands when `seconds` are over. */
export async function untilQuiet(client: Client, found: ExportDetail, seconds: number): Promise<ExportDetail> {
  const deadline = performance.now() + seconds * 1000;
  let current = found;
  for (;;) {
    const left = Math.ceil((deadline - performance.now()) / 1000);
    if (left <= 0 || !isMoving(current)) return current;
    const headers = { Prefer: `wait=${Math.min(left, ONE_WAIT)}` };
    ({ body: current } = await client.get<ExportDetail>(exportPath(current.export_id), { headers }));
  }
}

const isMoving = ({ state, finished_at, held }: ExportAnswer): boolean =>
  finished_at === null && state !== 'pending_approval' && !held;

const destinationText = ({ kind, upstream }: ExportAnswer['destination']): string =>
  upstream === undefined ? kind : `${kind}:${upstream}`;

export function exportTable(out: Output, exports: ExportAnswer[]): void {
  out.table(
    exports,
    [
      { head: 'EXPORT', cell: (x) => x.export_id },
      { head: 'BUNDLE', cell: (x) => `${x.bundle.name} ${x.bundle.version}` },
      { head: 'TO', cell: (x) => destinationText(x.destination) },
      { head: 'STATE', cell: (x) => (x.held ? `${x.state} (held)` : x.state) },
      { head: 'REASON', cell: (x) => x.reason_code ?? x.failure },
      { head: 'BY', cell: (x) => x.requested_by },
      { head: 'CREATED', cell: (x) => x.created_at },
    ],
    'nothing was exported yet',
  );
}

export function showExport(out: Output, x: ExportDetail): void {
  out.facts([
    ['export_id', x.export_id],
    ['bundle', `${x.bundle.name} ${x.bundle.version}`],
    ['digest', x.bundle.digest],
    ['destination', destinationText(x.destination)],
    ['key', x.key],
    ['state', x.state],
    ['reason_code', x.reason_code],
    ['held', x.held],
    ['mode', x.mode],
    ['would_block', x.would_block.join(', ') || null],
    ['grant', x.grant?.kind],
    ['waits_for', x.lacking.map(({ role, count }) => (count === 1 ? role : `${count} ${role}`)).join(', ') || null],
    ['expires_at', x.expires_at],
    ['archive_sha256', x.archive?.sha256],
    ['archive_bytes', x.archive?.bytes],
    ['closed_during_commit', x.closed_during_commit],
    ['failure', x.failure],
    ['reason', x.reason],
    ['ticket', x.ticket],
    ['requested_by', x.requested_by],
    ['ended_by', x.ended_by],
    ['ended_reason', x.ended_reason],
    ['created_at', x.created_at],
    ['finished_at', x.finished_at],
  ]);
  out.table(
    x.approvals,
    [
      { head: 'APPROVED_BY', cell: (a) => (a.single_operator ? `${a.actor} (single operator)` : a.actor) },
      { head: 'ROLE', cell: (a) => a.role },
      { head: 'AT', cell: (a) => a.at },
      { head: 'NOT_AFTER', cell: (a) => a.not_after },
    ],
    'nobody approved yet',
  );
}
