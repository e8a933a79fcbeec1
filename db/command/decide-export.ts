import { advance } from '../../domain/export/course.ts';
import { isOver } from '../../domain/export/record.ts';
import type { ExportEvent } from '../../domain/export/record.ts';
import { roleFor } from '../../domain/export/quorum.ts';
import type { Yes } from '../../domain/export/quorum.ts';
import type { ExportCaller, ExportDecided, ExportDecisionRequest } from '../../domain/process/export.ts';
import type { Database } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { entryHash, entryOf, lockExport, writeExport } from '../write/exports.ts';
import type { ExportRow, LockedExport } from '../write/exports.ts';
import { writeEntries } from '../write/ledger.ts';
import { pokeStanding, wakeStanding } from '../write/standing-processes.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import { standingLeniency } from './leniency.ts';

const RANK = 3;

export type ExportDecisionTaken = ExportDecided | Reused;
export type Deciding = ExportDecisionRequest | { kind: 'cancel'; reason: string | null };

/** Who may end an export that somebody else asked for. */
const MAY_CANCEL = ['project_owner', 'org_admin'];

/**
 * Takes somebody's decision about an export on its locked row. Codes: export_not_found, export_over, export_completing,
 * export_not_pending, self_approval, already_approved, not_permitted, confirmation_required, waiver_invalid, idempotency_key_reused.
 */
export async function decideExport(
  db: Database,
  by: ExportCaller,
  { export_id, key, request }: { export_id: string; key: DecisionKey; request: Deciding },
): Promise<ExportDecisionTaken> {
  const { workspace_id, actor, on_behalf_of } = by;
  const caller = { workspace_id, actor, on_behalf_of };
  const once = { workspace_id, aggregate: `export/${export_id}`, kind: request.kind, key };
  return decideOnce<ExportDecisionTaken>(db, caller, once, async (tx) => {
    const locked = await lockExport(tx, { workspace_id, export_id });
    if (locked === undefined) return { ok: false, code: 'export_not_found' };
    const judged = await judge(tx, locked, by, request);
    return 'code' in judged ? { ok: false, ...judged } : apply(tx, locked, caller, judged);
  });
}

/** Records that a decision was refused before it was judged. */
export async function refuseExportDecision(
  db: Database,
  by: ExportCaller,
  { export_id, key, kind, code }: { export_id: string; key: DecisionKey; kind: string; code: string },
): Promise<ExportDecisionTaken> {
  const { workspace_id, actor, on_behalf_of } = by;
  const once = { workspace_id, aggregate: `export/${export_id}`, kind, key };
  return decideOnce<ExportDecisionTaken>(db, { workspace_id, actor, on_behalf_of }, once, async () => ({
    ok: false,
    code,
  }));
}

interface Judged {
  event: ExportEvent;
  action: string;
  detail?: Record<string, unknown>;
  row?: Partial<ExportRow>;
  also?: (tx: Tx) => Promise<void>;
}

async function judge(
  tx: Tx,
  locked: LockedExport,
  by: ExportCaller,
  request: Deciding,
): Promise<Judged | { code: string }> {
  const { row, now } = locked;
  switch (request.kind) {
    case 'approve':
      return approval(locked, by, request);
    case 'reject': {
      const ended = { ended_by: by.actor, ended_reason: request.reason };
      return { event: { kind: 'reject' }, action: 'export_rejected', row: ended };
    }
    case 'cancel': {
      const own = by.single_operator || by.actor === row.actor;
      if (!own && !by.roles.some((role) => MAY_CANCEL.includes(role))) return { code: 'not_permitted' };
      const ended = { ended_by: by.actor, ended_reason: request.reason };
      return { event: { kind: 'cancel' }, action: 'export_cancelled', row: ended };
    }
    case 'waive': {
      const { waiver } = await standingLeniency(tx, row);
      const named = waiver?.waiver_id === request.receipt || waiver?.digest === request.receipt ? waiver : null;
      return { event: { kind: 'waive', waiver: named }, action: 'export_waived', detail: { receipt: request.receipt } };
    }
    default: {
      const unknown: never = request;
      throw new Error(`unknown decision ${JSON.stringify(unknown)} at ${now}`);
    }
  }
}

type Approving = Extract<ExportDecisionRequest, { kind: 'approve' }>;

function approval(
  { row, export: x, now }: LockedExport,
  by: ExportCaller,
  asked: Approving,
): Judged | { code: string } {
  if (by.single_operator && asked.confirm !== row.export_id) return { code: 'confirmation_required' };
  const role = roleFor(x.quorum, x.approvals, by.roles, asked.role ?? undefined);
  if (role === undefined) return { code: 'not_permitted' };
  // No yes outlasts the wait that it was given in.
  const named = asked.not_after === null ? Infinity : Date.parse(asked.not_after);
  const not_after = new Date(Math.min(named, Date.parse(row.expires_at))).toISOString();
  if (Date.parse(not_after) <= Date.parse(now) && !isOver(x)) return { code: 'approval_expired' };
  const said = { role, not_after, single_operator: by.single_operator };
  const draft = entryOf(row, { by, now, action: 'export_approval_given', detail: said });
  const yes: Yes = { actor: by.actor, at: now, entry: entryHash(draft), ...said };
  const also = async (tx: Tx) => {
    await writeEntries(tx, [draft]);
    await tx.query(
      `INSERT INTO export_approvals (workspace_id, export_id, requested_by, role, at, not_after, entry, single_operator, actor, on_behalf_of)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        row.workspace_id,
        row.export_id,
        row.actor,
        role,
        now,
        not_after,
        yes.entry,
        by.single_operator,
        by.actor,
        by.on_behalf_of,
      ],
    );
  };
  return { event: { kind: 'approve', yes }, action: '', also };
}

async function apply(
  tx: Tx,
  locked: LockedExport,
  by: { workspace_id: string; actor: string; on_behalf_of: string | null },
  { event, action, detail, row, also }: Judged,
): Promise<ExportDecided> {
  const verdict = advance(locked.export, event, locked.now);
  if (!verdict.ok) return verdict;
  // A decision that came after the time was over ends the wait, and counts for nothing else.
  const late = verdict.export.state === 'expired';
  if (!late) await also?.(tx);
  await writeExport(tx, locked, verdict.export, {
    by,
    action: action === '' || late ? null : action,
    ...(detail === undefined || late ? {} : { detail }),
    ...(row === undefined || late ? {} : { row }),
  });
  const { workspace_id, export_id, version } = locked.row;
  const process = { workspace_id, type: 'exportApproval', subject: export_id } as const;
  // One that ended is looked at once more: what was sent of it is discarded, and its process returns.
  const wake = isOver(verdict.export) ? pokeStanding : wakeStanding;
  await wake(tx, process, { severity_rank: RANK, version: version + 1, actor: by.actor, now: locked.now });
  return late ? { ok: false, code: 'export_over' } : { ok: true, state: verdict.export.state };
}
