import { advance } from '../../domain/export/course.ts';
import { dueIn, stepOf } from '../../domain/export/record.ts';
import type { Export, ExportEvent, Gates, Leniency } from '../../domain/export/record.ts';
import { nextNudge } from '../../domain/process/nudges.ts';
import { bundleText } from '../../domain/registry/manifest.ts';
import type { BundleManifest } from '../../domain/registry/manifest.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { lockExport, writeExport } from '../write/exports.ts';
import type { ExportKey, ExportRow, LockedExport } from '../write/exports.ts';
import { refusesApprovals } from './approvals.ts';
import { airlockGeneration, exportGates } from './export-gates.ts';
import { standingLeniency, useLeniency } from './leniency.ts';
import { nudgeApprovers } from './nudge-approvers.ts';

const ACTOR = 'export-approval';

/** An export with the milliseconds until it is to be looked after again; null: only when something is decided. */
export interface DueExport {
  row: ExportRow;
  export: Export;
  due_in_ms: number | null;
}

/** What the process of an export is to do; ends what was waited for too long, reminds whom it waits for. Undefined: there is none. */
export async function attendExport(db: Database, of: ExportKey): Promise<DueExport | undefined> {
  return transaction(db, async (tx) => {
    let locked = await lockExport(tx, of);
    if (locked === undefined) return undefined;
    await started(tx, of);
    if (locked.export.state === 'pending_approval') {
      if (dueIn(locked.export, locked.now) === 0) await take(tx, locked, { kind: 'expire' });
      else await nudgeApprovers(tx, locked);
      locked = (await lockExport(tx, of)) ?? locked;
    }
    return { row: locked.row, export: locked.export, due_in_ms: dueAgain(locked) };
  });
}

function dueAgain({ row, export: x, now }: LockedExport): number | null {
  const due = dueIn(x, now);
  if (x.state !== 'pending_approval' || due === null || row.pending_since === null) return due;
  const nudge = Date.parse(nextNudge(row.pending_since, row.last_nudge_at, now).at) - Date.parse(now);
  return Math.max(0, Math.min(due, nudge));
}

const started = (tx: Tx, { workspace_id, export_id }: ExportKey) =>
  tx.query(
    `UPDATE process SET started_at = clock_timestamp()
      WHERE workspace_id = $1 AND workflow_id = $2 AND started_at IS NULL AND over_at IS NULL`,
    [workspace_id, `export/${export_id}`],
  );

/** What a step came to. What is judged by the moment (grants, gates) is read by the transaction that records it. */
export type StepTaken =
  | { kind: 'preflighting' | 'begin' | 'discarded' }
  | ({ kind: 'preflighted'; manifest: BundleManifest | null } & Pick<
      Extract<ExportEvent, { kind: 'preflighted' }>,
      'bundle' | 'findings'
    >)
  | { kind: 'sealed'; statement: string; digest: string }
  | Extract<ExportEvent, { kind: 'opened' | 'sent' | 'stopped' | 'failed' }>
  | { kind: 'committing' }
  | { kind: 'delivered'; kept: 'stored' | 'present'; generation: number };

export interface Recorded {
  row: ExportRow;
  export: Export;
}

/**
 * Records what a step came to, on the version of the record that it was taken for. Undefined: the record has moved on, and the
 * step counts for nothing.
 */
export async function recordExportStep(
  db: Database,
  of: ExportKey,
  version: number,
  taken: StepTaken,
): Promise<Recorded | undefined> {
  return transaction(db, async (tx) => {
    // Before the row: whoever takes the posture holds it while they refuse what is pending.
    const refused = taken.kind === 'preflighted' && (await refusesApprovals(tx, of.workspace_id, 'export'));
    const locked = await lockExport(tx, of);
    if (locked === undefined || locked.row.version !== version) return undefined;
    const generation = taken.kind === 'committing' ? await airlockGeneration(tx, of.workspace_id) : null;
    const event = await eventOf(tx, locked, taken);
    const also: Partial<ExportRow> = {
      ...(taken.kind === 'sealed' ? { statement: taken.statement } : {}),
      ...(taken.kind === 'preflighted' && taken.manifest !== null
        ? { manifest: bundleText({ name: locked.row.name, version: locked.row.bundle_version }, taken.manifest) }
        : {}),
      ...(generation === null
        ? {}
        : {
            commit_opened_at: locked.row.commit_opened_at ?? locked.now,
            commit_generation: locked.row.commit_generation ?? generation,
          }),
    };
    await take(tx, locked, event, also);
    const after = await lockExport(tx, of);
    if (after === undefined) throw new Error('a locked export is gone');
    if (!refused || after.export.state !== 'pending_approval') return after;
    await take(tx, after, { kind: 'reject' }, { ended_by: ACTOR, ended_reason: 'approval_refused' });
    return lockExport(tx, of);
  });
}

async function eventOf(tx: Tx, { row }: LockedExport, taken: StepTaken): Promise<ExportEvent> {
  switch (taken.kind) {
    case 'preflighted': {
      const found = {
        ...row,
        digest: taken.bundle?.digest ?? null,
        transition_digest: taken.bundle?.transition_digest ?? null,
      };
      const { bundle, findings } = taken;
      return { kind: 'preflighted', bundle, findings, ...(await standingLeniency(tx, found)) };
    }
    case 'begin': {
      const gates = await exportGates(tx, row);
      const open = gates.airlock_open && !gates.quarantined;
      // An override is used up only by an export that leaves with it.
      const leniency: Leniency = open ? await useLeniency(tx, row) : await standingLeniency(tx, row);
      return { kind: 'begin', ...gates, ...leniency };
    }
    case 'sealed':
      return { kind: 'sealed', statement_digest: taken.digest };
    case 'committing':
      return { kind: 'committing', ...(await exportGates(tx, row)) };
    case 'delivered': {
      // What had its name already was given it by an earlier attempt, at the latest since its first one.
      const since = taken.kept === 'present' ? row.commit_generation : taken.generation;
      return { kind: 'delivered', closed_meanwhile: (await airlockGeneration(tx, row.workspace_id)) !== since };
    }
    case 'preflighting':
    case 'discarded':
    case 'opened':
    case 'sent':
    case 'stopped':
    case 'failed':
      return taken as ExportEvent;
    default: {
      const unknown: never = taken;
      throw new Error(`unknown step ${JSON.stringify(unknown)}`);
    }
  }
}

const QUIET: readonly ExportEvent['kind'][] = ['opened', 'preflighting'];

async function take(tx: Tx, locked: LockedExport, event: ExportEvent, row: Partial<ExportRow> = {}): Promise<void> {
  const verdict = advance(locked.export, event, locked.now);
  if (!verdict.ok) throw new Error(`a step was refused: ${verdict.code}`);
  const alert = alertOf(locked.export, verdict.export);
  await writeExport(tx, locked, verdict.export, {
    by: { actor: ACTOR, on_behalf_of: locked.row.actor },
    action: QUIET.includes(event.kind) ? null : `export_${event.kind}`,
    detail: detailOf(event),
    row,
    ...(alert === null ? {} : { alert }),
  });
}

function detailOf(event: ExportEvent): Record<string, unknown> {
  switch (event.kind) {
    case 'preflighted':
      return { findings: event.findings, transition_digest: event.bundle?.transition_digest ?? null };
    case 'sealed':
      return { statement_digest: event.statement_digest };
    case 'sent':
      return { archive_sha256: event.sha256, bytes: event.received };
    case 'delivered':
      return { closed_during_commit: event.closed_meanwhile };
    case 'failed':
      return { code: event.code, retry: event.retry };
    default:
      return {};
  }
}

/** Said once per trouble. */
function alertOf(before: Export, after: Export): string | null {
  if (after.closed_during_commit && !before.closed_during_commit) return 'left while the airlock was being closed';
  if (before.state === after.state) return null;
  if (after.state === 'failed') return `failed: ${after.failure ?? 'unknown'}`;
  if (after.state === 'blocked' && stepOf(before) !== 'preflight')
    return `is blocked: ${after.reason_code ?? 'unknown'}`;
  return null;
}

/** Whether anything of an export may leave at this moment: it is under way, and no hold stands. */
export async function mayLeave(db: Database, of: ExportKey): Promise<boolean> {
  return transaction(db, async (tx) => {
    const found = await tx.query<{ digest: string | null }>(
      `SELECT digest FROM exports WHERE workspace_id = $1 AND export_id = $2 AND state = 'exporting'`,
      [of.workspace_id, of.export_id],
    );
    const [row] = found.rows;
    if (row === undefined) return false;
    const gates: Gates = await exportGates(tx, { workspace_id: of.workspace_id, digest: row.digest });
    return gates.airlock_open && !gates.quarantined;
  });
}
