import { transition } from '../../domain/incident/transition.ts';
import type { IncidentEvent } from '../../domain/incident/transition.ts';
import type { Incident } from '../../domain/incident/types.ts';
import type { Database } from '../client.ts';
import { one } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { sha256, writeChange } from '../write/change.ts';
import { writeEntries } from '../write/ledger.ts';
import { visibleWorkspaces } from './caller.ts';
import type { Caller } from './caller.ts';
import { recall, remember } from './decisions.ts';
import type { DecisionKey } from './decisions.ts';

export interface Decision extends Caller, DecisionKey {
  incident_id: string;
}

/** What the transaction said; refusals are recorded too. Codes: those of `RefusalCode` and the three named here. */
export type Decided =
  { ok: true; incident: Incident } | { ok: false; code: string; missing?: string[]; incident?: Incident };

/** `void`: what was refused also voids an earlier re-attestation. */
type Refusal = { ok: false; code: string; missing?: string[]; void?: true };
type Recorded = { ok: true } | Refusal;

/** Locks the incident's row where the caller may see it. */
export async function lockIncident(tx: Tx, workspace_id: string, id: string): Promise<Incident | undefined> {
  return one<Incident>(tx, 'SELECT * FROM incidents WHERE workspace_id = ANY($1) AND id = $2 FOR UPDATE', [
    visibleWorkspaces(workspace_id),
    id,
  ]);
}

/**
 * One decision about one incident: lock the row, judge it, write record, ledger and outbox, remember the decision id.
 * `event` may ask for the locked row. Refused with `incident_not_found`, `idempotency_key_reused` or a `RefusalCode`;
 * `also` runs in the same transaction after an accepted change.
 */
export async function decideIncident(
  db: Database,
  decision: Decision,
  event: IncidentEvent | ((incident: Incident, now: string, tx: Tx) => Promise<IncidentEvent | Refusal>),
  also?: (tx: Tx, incident: Incident, now: string) => Promise<void>,
): Promise<Decided> {
  return transaction(db, async (tx) => {
    const before = await lockIncident(tx, decision.workspace_id, decision.incident_id);
    if (before === undefined) return { ok: false, code: 'incident_not_found' };
    const aggregate = `incident/${before.id}`;
    const { now, known, reused } = await recall(tx, before.workspace_id, aggregate, decision);
    if (reused) return { ok: false, code: 'idempotency_key_reused' };
    if (known !== null) return { ...(known as Recorded), incident: before };

    const by = { ...decision, workspace_id: before.workspace_id };
    const asked = typeof event === 'function' ? await event(before, now, tx) : event;
    const verdict = 'ok' in asked ? asked : transition(before, asked, now, sha256);
    const kind = 'ok' in asked ? 'evidence' : asked.kind;
    if (!verdict.ok) {
      const outcome: Refusal = {
        ok: false,
        code: verdict.code,
        ...(verdict.missing ? { missing: verdict.missing } : {}),
      };
      const after = 'void' in verdict ? await voidEarlier(tx, before, by, now) : before;
      await writeEntries(tx, [refusal(after, by, kind, outcome, now)]);
      await remember(tx, by, { ...decision, aggregate, kind, outcome, now });
      return { ...outcome, incident: after };
    }
    const { incident } = verdict;
    if (verdict.changed) {
      const key = `${before.workspace_id}/${before.id}`;
      const step = { incident, effects: verdict.effects, actor: by.actor, on_behalf_of: by.on_behalf_of };
      await writeChange(tx, { now, before: new Map([[key, before]]), steps: [step] });
      await also?.(tx, incident, now);
    }
    await remember(tx, by, { ...decision, aggregate, kind, outcome: { ok: true }, now });
    return { ok: true, incident };
  });
}

async function voidEarlier(tx: Tx, before: Incident, by: Caller, now: string): Promise<Incident> {
  const verdict = transition(before, { kind: 'appraisal_failed' }, now, sha256);
  if (!verdict.ok || !verdict.changed) return before;
  const step = { ...verdict, actor: by.actor, on_behalf_of: by.on_behalf_of };
  await writeChange(tx, { now, before: new Map([[`${before.workspace_id}/${before.id}`, before]]), steps: [step] });
  return verdict.incident;
}

const refusal = (incident: Incident, by: Caller, kind: string, outcome: Refusal, now: string) => ({
  workspace_id: incident.workspace_id,
  at: now,
  actor: by.actor,
  on_behalf_of: by.on_behalf_of,
  action: 'decision_refused',
  object: `incident/${incident.id}`,
  record_hash: incident.hash,
  record_version: incident.version,
  detail: { decision: kind, ...outcome },
  policy_digest: incident.policy_digest,
});
