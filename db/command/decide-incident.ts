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
import { separation } from './policies.ts';

export interface Decision extends Caller, DecisionKey {
  incident_id: string;
  /** Where a registered key proved who decides: which, and the envelope (JSON) that it signed. */
  signed?: { key_id: string; envelope: string };
}

/** A decision of which only the transaction can tell whose it is: there its signature is judged, on the row of its key. */
export interface Deciding {
  identify: (tx: Tx) => Promise<Decision>;
  /** Why it is refused on the locked row, by the database's clock; null: it is judged. */
  refusal: (locked: Locked) => string | null;
}

export type By = Decision | Deciding;

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
  by: Decision;
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
  asking: By,
  event: IncidentEvent | ((locked: Locked) => Promise<Asked>),
  options: {
    also?: (locked: Locked, incident: Incident) => Promise<void>;
    beside?: (tx: Tx) => Promise<string[]>;
    /** What the decision is called where it is refused before it is judged. */
    kind?: string;
  } = {},
): Promise<Decided> {
  return transaction(db, async (tx) => {
    const decision = 'identify' in asking ? await asking.identify(tx) : asking;
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
    const row: Locked = { incident: before, others: locked.filter((i) => i !== before), by: decision, now, tx };
    const { asked, beside = [] } = await askedOf(row, asking, event);
    // Somebody waits for the answer; nobody waits for the processes to read what was decided.
    const wake = 'answered' as const;
    const change = { now, wake, before: new Map(locked.map((i) => [`${i.workspace_id}/${i.id}`, i])) };
    const verdict = 'ok' in asked ? asked : transition(before, asked, now, sha256);
    const kind = 'ok' in asked ? (options.kind ?? 'evidence') : asked.kind;
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
    const entries = decision.signed === undefined ? [] : [signature(incident, by, kind, now)];
    const writes = own.length + beside.length + entries.length > 0;
    await together([
      writes ? writeChange(tx, { ...change, steps: [...own, ...beside], entries }) : null,
      verdict.changed ? options.also?.(row, incident) : null,
      remember(tx, by, { ...decision, aggregate, kind, outcome: { ok: true }, now }),
    ]);
    return { ok: true, incident };
  });
}

async function askedOf(
  row: Locked,
  asking: By,
  event: IncidentEvent | ((locked: Locked) => Promise<Asked>),
): Promise<Asked> {
  const code = 'refusal' in asking ? asking.refusal(row) : null;
  if (code !== null) return { asked: { ok: false, code } };
  const { asked, ...more } = typeof event === 'function' ? await event(row) : { asked: event };
  if ('ok' in asked || asked.kind !== 'resolve') return { asked, ...more };
  return { asked: { ...asked, ...(await separation(row.tx, row.incident, row.by.actor)) }, ...more };
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

/** An accepted decision that came past our doors: which key stood for its author. */
const signature = (incident: Incident, by: Decision, kind: string, now: string) => ({
  ...entryOf(incident, by, now),
  action: 'decision_signed',
  detail: { decision: kind, decision_id: by.decision_id, key_id: by.signed?.key_id ?? null },
});

const refusal = (incident: Incident, by: Decision, kind: string, outcome: Refusal, now: string) => ({
  ...entryOf(incident, by, now),
  action: 'decision_refused',
  detail: { decision: kind, ...outcome, ...(by.signed === undefined ? {} : { key_id: by.signed.key_id }) },
});

const entryOf = (incident: Incident, by: Caller, now: string) => ({
  workspace_id: incident.workspace_id,
  at: now,
  actor: by.actor,
  on_behalf_of: by.on_behalf_of,
  object: `incident/${incident.id}`,
  record_hash: incident.hash,
  record_version: incident.version,
  policy_digest: incident.policy_digest,
});
