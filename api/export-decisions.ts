import { decisionOutcome } from '../db/read/decision-outcome.ts';
import type { DecisionKey } from '../db/command/decisions.ts';
import { getExport } from '../db/read/exports.ts';
import type { ExportWithApprovals } from '../db/read/exports.ts';
import { isOver } from '../domain/export/record.ts';
import { DomainError } from '../domain/problem/problem.ts';
import type { ExportCaller, ExportDecisionRequest } from '../domain/process/export.ts';
import type { ApiDeps } from './deps.ts';
import { requireExport } from './export-request.ts';
import { refuseWith } from './instance.ts';
import { unanswered } from './watch-decisions.ts';

type Deps = Pick<ApiDeps, 'db' | 'watches'>;

/**
 * Has the process of an export take somebody's decision, and returns the export as it stands then. The record has the last
 * word: over a process that is gone, and over a worker that says yes. Errors: export_not_found, export_over, the refusals of
 * `decideExport`, temporal_unreachable, too_many_requests.
 */
export async function decideByProcess(
  deps: Deps,
  by: ExportCaller,
  { export_id, key, request }: { export_id: string; key: DecisionKey; request: ExportDecisionRequest },
): Promise<ExportWithApprovals> {
  const { workspace_id } = by;
  const record = await requireExport(deps.db, workspace_id, export_id);
  if (await wasTaken(deps, workspace_id, export_id, key)) return record;
  if (isOver(record)) throw new DomainError('export_over');
  const { kind, ...given } = request;
  const input = { ...withoutNull(given), caller: by, request_digest: key.request_digest };
  const answer = await deps.watches.ask({
    workflow_type: 'exportApproval',
    workspace_id,
    subject: export_id,
    decision_id: key.decision_id,
    update: kind,
    input,
  });
  if (answer.kind === 'refused' || answer.kind === 'busy') return unanswered(answer);
  const taken = await wasTaken(deps, workspace_id, export_id, key);
  const after = await getExport(deps.db, workspace_id, export_id);
  if (taken && after !== undefined) return after;
  if (after !== undefined && isOver(after)) throw new DomainError('export_over');
  throw new DomainError('temporal_unreachable');
}

const withoutNull = (given: object): object =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));

/** Whether the record holds this very decision as accepted; throws what it was refused with. */
async function wasTaken({ db }: Deps, workspace_id: string, export_id: string, key: DecisionKey): Promise<boolean> {
  const found = await decisionOutcome(db, workspace_id, `export/${export_id}`, key.decision_id);
  if (found === undefined) return false;
  if (found.request_digest !== key.request_digest) throw new DomainError('idempotency_key_reused');
  return found.outcome.ok ? true : refuseWith(found.outcome.code);
}
