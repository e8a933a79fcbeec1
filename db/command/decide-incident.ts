import { transition } from '../../domain/incident/transition.ts';
import type { IncidentEvent } from '../../domain/incident/transition.ts';
import type { Effect, Incident } from '../../domain/incident/types.ts';
import type { Step } from '../../domain/intake/types.ts';
import type { Database } from '../client.ts';
import { prepared } from '../client.ts';
import { together } from '../together.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { sha256, writeChange } from '../write/change.ts';
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

/** What is asked of the incident, or why it is refused; `beside`: judged changes of other incidents that it brings about. */
export interface Asked {
  asked: IncidentEvent | Refusal;
  beside?: Step[];
}

/** The incident under its lock, and the others that were locked with it. */
export interface Locked {
  incident: Incident;
  others: Incident[];
  now: string;
  tx: Tx;
}

/** Locks the rows of incidents that the caller may see, in id order. */
async function lockIncidents(tx: Tx, workspace_id: string, ids: string[]): Promise<Incident[]> {
  return prepared<Incident>(
    tx,
    'incidents-lock',
    'SELECT * FROM incidents WHERE workspace_id = ANY($1) AND id = ANY($2) ORDER BY id FOR UPDATE',
    [visibleWorkspaces(workspace_id), ids],
  );
}

/** Locks the incident's row where the caller may see it. */
export async function lockIncident(tx: Tx, workspace_id: string, id: string): Promise<Incident | undefined> {
  return (await lockIncidents(tx, workspace_id, [id]))[0];
}

/**
 * One decision about one incident: lock the row, judge it, write record, ledger and outbox, remember the decision id.
 * `event` may ask for the locked row. Refused with `incident_not_found`, `idempotency_key_reused` or a `RefusalCode`.
 * `also` runs in the same transaction after an accepted change; `beside` names incidents to be locked with this one.
 */
export async function decideIncident(
  db: Database,
  decision: Decision,
  event: IncidentEvent | ((locked: Locked) => Promise<Asked>),
  options: {
    also?: (tx: Tx, incident: Incident, now: string) => Promise<void>;
    beside?: (tx: Tx) => Promise<string[]>;
  } = {},
): Promise<Decided> {
  return transaction(db, async (tx) => {
    const others = (await options.beside?.(tx)) ?? [];
    const aggregate = `incident/${decision.incident_id}`;
    // Sent together, taken in this order: what was decided is read under the lock.
    const [locked, { now, known, reused }] = await together([
      lockIncidents(tx, decision.workspace_id, [decision.incident_id, ...others]),
      recall(tx, visibleWorkspaces(decision.workspace_id), aggregate, decision),
    ]);
    const before = locked.find((i) => i.id === decision.incident_id);
    if (before === undefined) return { ok: false, code: 'incident_not_found' };
    if (reused) return { ok: false, code: 'idempotency_key_reused' };
    if (known !== null) return { ...(known as Recorded), incident: before };

    const by = { ...decision, workspace_id: before.workspace_id };
    const { asked, beside = [] } =
      typeof event === 'function'
        ? await event({ incident: before, others: locked.filter((i) => i !== before), now, tx })
        : { asked: event };
    const change = { now, before: new Map(locked.map((i) => [`${i.workspace_id}/${i.id}`, i])) };
    const verdict = 'ok' in asked ? asked : transition(before, asked, now, sha256);
    const kind = 'ok' in asked ? 'evidence' : asked.kind;
    if (!verdict.ok) {
      const outcome: Refusal = {
        ok: false,
        code: verdict.code,
        ...(verdict.missing ? { missing: verdict.missing } : {}),
      };
      const own = 'void' in verdict ? voidEarlier(before, by, now) : [];
      const after = own[0]?.incident ?? before;
      const entries = [refusal(after, by, kind, outcome, now)];
      await together([
        writeChange(tx, { ...change, steps: [...own, ...beside], entries }),
        remember(tx, by, { ...decision, aggregate, kind, outcome, now }),
      ]);
      return { ...outcome, incident: after };
    }
    const { incident } = verdict;
    const own = verdict.changed ? [stepOf(incident, verdict.effects, by)] : [];
    await together([
      own.length + beside.length > 0 ? writeChange(tx, { ...change, steps: [...own, ...beside] }) : null,
      verdict.changed ? options.also?.(tx, incident, now) : null,
      remember(tx, by, { ...decision, aggregate, kind, outcome: { ok: true }, now }),
    ]);
    return { ok: true, incident };
  });
}

const stepOf = (incident: Incident, effects: Effect[], { actor, on_behalf_of }: Caller): Step => ({
  incident,
  effects,
  actor,
  on_behalf_of,
});

function voidEarlier(before: Incident, by: Caller, now: string): Step[] {
  const verdict = transition(before, { kind: 'appraisal_failed' }, now, sha256);
  return verdict.ok && verdict.changed ? [stepOf(verdict.incident, verdict.effects, by)] : [];
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
