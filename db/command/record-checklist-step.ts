import type { Outcome } from '../../domain/checklist/checklist.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { writeEntries } from '../write/ledger.ts';
import { visibleWorkspaces } from './caller.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';

export interface TakenStep {
  incident_id: string;
  checklist: string;
  checklist_digest: string;
  step: string;
  outcome: Outcome;
  note: string | null;
  exit_code: number | null;
  output_sha256: string | null;
}

export type StepRecorded = { ok: true; n: number; at: string } | { ok: false; code: 'incident_not_found' } | Reused;

/** Records what became of a step, with its entry: who, when, how it ended. Code: `incident_not_found`. */
export async function recordChecklistStep(
  db: Database,
  by: Caller,
  { key, ...taken }: TakenStep & { key: DecisionKey },
): Promise<StepRecorded> {
  const { incident_id, checklist, checklist_digest, step, outcome, exit_code, output_sha256 } = taken;
  const once = { workspace_id: by.workspace_id, aggregate: `incident/${incident_id}`, kind: 'checklist_step', key };
  return decideOnce<StepRecorded>(db, by, once, async (tx, now) => {
    const incident = await one<{ workspace_id: string }>(
      tx,
      'SELECT workspace_id FROM incidents WHERE workspace_id = ANY($1) AND id = $2 FOR SHARE',
      [visibleWorkspaces(by.workspace_id), incident_id],
    );
    if (incident === undefined) return { ok: false, code: 'incident_not_found' };
    const { workspace_id } = incident;
    const row = await one<{ n: number }>(
      tx,
      `INSERT INTO checklist_steps (workspace_id, incident_id, checklist, step, n, checklist_digest, outcome, note, exit_code,
          output_sha256, at, actor, on_behalf_of)
        SELECT $1, $2, $3, $4, coalesce(max(n), 0) + 1, $5, $6, $7, $8, $9, $10, $11, $12 FROM checklist_steps
          WHERE workspace_id = $1 AND incident_id = $2 AND checklist = $3 AND step = $4
        RETURNING n`,
      [
        workspace_id,
        incident_id,
        checklist,
        step,
        checklist_digest,
        outcome,
        taken.note,
        exit_code,
        output_sha256,
        now,
        by.actor,
        by.on_behalf_of,
      ],
    );
    await writeEntries(tx, [
      {
        workspace_id,
        at: now,
        actor: by.actor,
        on_behalf_of: by.on_behalf_of,
        action: 'checklist_step',
        object: `incident/${incident_id}`,
        record_hash: null,
        record_version: null,
        detail: { checklist, checklist_digest, step, n: row?.n ?? 1, outcome, exit_code, output_sha256 },
        policy_digest: null,
      },
    ]);
    return { ok: true, n: row?.n ?? 1, at: now };
  });
}
